"""What a process does that the brokers no longer let in: it waits, says why, and ends if that does not heal.

aiokafka tries to connect for ever, and logs every failure, so a process whose password was changed would stand still
without a word. Brokers that are away are another matter: they come back, and nobody needs to be told by each process.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from streams.kafka.refusals import refusal

# Together less than the time in which lanes give up (worker/takeover.py: TAKE_OVER_WITHIN_S), which cannot say why.
SILENT_AFTER_S = 10.0
REFUSED_FOR_S = 35.0
LOOK_EVERY_S = 2.0
_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """The error of a process that the brokers do not let in any more. The message says why, and what to do."""


async def end_when_refused(
    options: Mapping[str, Any],
    heard_at_ms: Callable[[], int],
    given_up: Callable[[], bool],
    on_failure: Callable[[BaseException], None],
) -> None:
    """Asks the brokers why, while they do not answer; after REFUSED_FOR_S of refusals, on_failure is called.

    heard_at_ms: when they last answered, or anything else that changes with each answer.
    given_up: asked before each look; once it gives True, this returns.
    """
    watch = _Watch()
    while not given_up():
        await asyncio.sleep(LOOK_EVERY_S)
        if watch.is_silent(heard_at_ms()):
            error = watch.noted(await refusal(options))
            if error is not None:
                on_failure(error)


class _Watch:
    """How long there was silence, and how long refusals."""

    def __init__(self) -> None:
        self._known_ms = 0
        self._known_since = time.monotonic()
        self._refused_since: float | None = None

    def is_silent(self, heard_at_ms: int) -> bool:
        """Says whether nothing was answered for SILENT_AFTER_S."""
        if heard_at_ms != self._known_ms:
            self._known_ms, self._known_since, self._refused_since = heard_at_ms, time.monotonic(), None
        return time.monotonic() - self._known_since > SILENT_AFTER_S

    def noted(self, refused: str | None) -> RefusedError | None:
        """Notes an answer, and logs a first refusal; gives the error once nothing else came for REFUSED_FOR_S."""
        if refused is None:
            self._known_since, self._refused_since = time.monotonic(), None
            return None
        if self._refused_since is None:
            self._refused_since = time.monotonic()
            _log.warning("%s; waiting for it to let us in for %.0f s", refused, REFUSED_FOR_S)
        if time.monotonic() - self._refused_since < REFUSED_FOR_S:
            return None
        return RefusedError(refused)
