"""Keys that are taken out in their order, however many: sorted some at a time, so that nothing takes long."""

from heapq import heappop, heappush, heapreplace

RUN = 10_000


class InOrder:
    """A set of keys, taken out from the lowest up. No key is to be put in twice, and none after the first was taken."""

    def __init__(self) -> None:
        self._run: list[bytes] = []  # the newest keys, in no order
        self._runs: list[tuple[bytes, list[bytes]]] = []  # a heap: the lowest key of a run, and its others, lowest last

    def __bool__(self) -> bool:
        return bool(self._run or self._runs)

    def __len__(self) -> int:
        found = len(self._run)
        for _, others in self._runs:
            found += 1 + len(others)
        return found

    def add(self, key: bytes) -> None:
        """Puts a key in."""
        self._run.append(key)
        if len(self._run) >= RUN:
            self._close()

    def pop(self) -> bytes:
        """Takes the lowest key out. There must be one."""
        if self._run:
            self._close()
        key, others = self._runs[0]
        if others:
            heapreplace(self._runs, (others.pop(), others))
        else:
            heappop(self._runs)
        return key

    def _close(self) -> None:
        run, self._run = self._run, []
        run.sort(reverse=True)
        heappush(self._runs, (run.pop(), run))
