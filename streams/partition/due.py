"""Which customers fall due by time alone, grouped by instant: a million at one midnight cost a pointer each."""

from heapq import heappop, heappush


class DueTimes:
    """Customers by due time. They are taken out by due time, then by customer.

    Nothing is removed when a customer's due time changes: who takes a customer out compares with the state.
    """

    def __init__(self) -> None:
        self._instants: list[int] = []  # a heap
        self._keys: dict[int, list[bytes]] = {}
        self._sorted_ms: int | None = None  # the instant whose keys are in order, the next one last

    def add(self, due_ms: int, key: bytes) -> None:
        """Notes that a customer is due at an instant."""
        keys = self._keys.get(due_ms)
        if keys is None:
            heappush(self._instants, due_ms)
            self._keys[due_ms] = [key]
            return
        keys.append(key)
        if due_ms == self._sorted_ms:
            self._sorted_ms = None

    def count(self, until_ms: int) -> int:
        """Counts what was noted until an instant; some of it may have been put off, or done, since."""
        found, places = 0, [0]
        while places:  # down the heap, which holds nothing earlier below a later instant
            place = places.pop()
            if place < len(self._instants) and self._instants[place] <= until_ms:
                found += len(self._keys[self._instants[place]])
                places += (2 * place + 1, 2 * place + 2)
        return found

    @property
    def next_ms(self) -> int | None:
        """The earliest due time; None where nobody is due."""
        return self._instants[0] if self._instants else None

    def pop(self) -> tuple[int, bytes]:
        """Takes the next due time and customer out. There must be one."""
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
