"""Answers that may be some moments old: many ask the same, and it is worked out once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

FRESH_FOR_S: Final = 0.5
_MOST: Final = 256
_Given = TypeVar("_Given")


class Fresh(Generic[_Given]):
    """The newest answers by what was asked. Whoever asks while one is being worked out waits for that one."""

    def __init__(self, fresh_for_s: float = FRESH_FOR_S) -> None:
        self._fresh_for_s = fresh_for_s
        self._asked: dict[Hashable, tuple[float, asyncio.Future[_Given]]] = {}

    async def get(self, key: Hashable, work_out: Callable[[], Awaitable[_Given]]) -> _Given:
        """Gives the answer of a moment ago, or works it out."""
        now_s = time.monotonic()
        at_s, known = self._asked.get(key, (-self._fresh_for_s, None))
        is_good = known is not None and not (known.done() and (known.cancelled() or known.exception()))
        if known is None or not is_good or now_s - at_s > self._fresh_for_s:
            if len(self._asked) >= _MOST:
                self._asked.clear()
            known = asyncio.ensure_future(work_out())
            self._asked[key] = (now_s, known)
        return await asyncio.shield(known)
