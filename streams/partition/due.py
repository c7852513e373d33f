"""What falls due by time alone: the customers by instant, so that a million at one midnight cost a pointer each."""

from heapq import heappop, heappush


class DueTimes:
    """Customers by due time. Comes out by due time, then by customer; entries are never taken back, they go stale."""

    def __init__(self) -> None:
        self._instants: list[int] = []  # a heap
        self._keys: dict[int, list[bytes]] = {}
        self._sorted_ms: int | None = None  # the instant whose keys are in order, the next one last

    def add(self, due_ms: int, key: bytes) -> None:
        """Notes that the customer is due then."""
        keys = self._keys.get(due_ms)
        if keys is None:
            heappush(self._instants, due_ms)
            self._keys[due_ms] = [key]
            return
        keys.append(key)
        if due_ms == self._sorted_ms:
            self._sorted_ms = None

    @property
    def next_ms(self) -> int | None:
        """The earliest due time."""
        return self._instants[0] if self._instants else None

    def pop(self) -> tuple[int, bytes]:
        """Takes the next one out; there must be one."""
        due_ms = self._instants[0]
        keys = self._keys[due_ms]
        if due_ms != self._sorted_ms:
            keys.sort(reverse=True)
            self._sorted_ms = due_ms
        key = keys.pop()
        if not keys:
            heappop(self._instants)
            del self._keys[due_ms]
            self._sorted_ms = None
        return due_ms, key
