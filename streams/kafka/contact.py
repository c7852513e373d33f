"""Whether the brokers answer a process, and let it in: it says so once, waits, and ends if they refuse it for good.

aiokafka tries to connect for ever, and logs every failure, so a process whose password was changed would stand still
without a word. Brokers that are away are another matter: they come back, and no restart would help meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from streams.kafka.refusals import Heard, hear

# Together less than the time in which lanes give up (worker/takeover.py: TAKE_OVER_WITHIN_S), which cannot say why.
SILENT_AFTER_S = 5.0
REFUSED_FOR_S = 35.0
LOOK_EVERY_S = 2.0
_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """The error of a process that the brokers do not let in any more. The message says why, and what to do."""


class KafkaContact:
    """What a process knows of its brokers. `watch` keeps it up to date; it is one task of the process.

    answers_since: when an outage was over for the last time, or this began (time.monotonic).
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Begins with brokers that are there. options: those of the process's clients."""
        self._options = options
        self.answers_since = time.monotonic()
        self._away_since: float | None = None
        self._asking = asyncio.Lock()
        self._asked_at = -LOOK_EVERY_S
        self._known_ms = 0
        self._known_since = time.monotonic()
        self._refused_since: float | None = None

    def are_away(self) -> bool:
        """Says whether no broker answers."""
        return self._away_since is not None

    def why_away(self) -> str | None:
        """Says for how long no broker has answered; None where one does."""
        if self._away_since is None:
            return None
        return f"no Kafka answers at {self._servers}, for {time.monotonic() - self._away_since:.0f} s"

    async def look(self) -> bool:
        """Asks the brokers now, once for all who ask at a time; says whether none answers.

        To be called where something has failed that needs them, before that is told.
        """
        async with self._asking:
            if time.monotonic() - self._asked_at > LOOK_EVERY_S:
                self._noted(await hear(self._options))
                self._asked_at = time.monotonic()
        return self.are_away()

    async def watch(
        self, heard_at_ms: Callable[[], int], given_up: Callable[[], bool], on_failure: Callable[[BaseException], None]
    ) -> None:
        """Asks the brokers why, while they are silent; after REFUSED_FOR_S of refusals, on_failure is called.

        heard_at_ms: when they last answered, or anything else that changes with each answer. given_up: asked before
        each look; once it gives True, this returns.
        """
        while not given_up():
            await asyncio.sleep(LOOK_EVERY_S)
            if self._is_silent(heard_at_ms()):
                error = self._noted(await hear(self._options))
                if error is not None:
                    on_failure(error)

    def _is_silent(self, heard_at_ms: int) -> bool:
        """Says whether nothing was answered for SILENT_AFTER_S."""
        if heard_at_ms != self._known_ms:
            self._known_ms = heard_at_ms
            if self._away_since is None:  # else it may be an answer from before
                self._answered()
        return self._away_since is not None or time.monotonic() - self._known_since > SILENT_AFTER_S

    def _noted(self, heard: Heard) -> RefusedError | None:
        """Notes what was heard, and logs what is new; gives the error once refusals alone came for REFUSED_FOR_S."""
        if heard.refusal is not None:
            return self._refused(heard.refusal)
        self._refused_since = None
        if heard.lets_in:
            self._answered()
        elif self._away_since is None:
            self._away_since = self._known_since
            _log.warning(
                "no Kafka answers at %s; it is waited for, what is held here is kept, and work goes on by itself",
                self._servers,
            )
        return None

    def _answered(self) -> None:
        now = time.monotonic()
        if self._away_since is not None:
            _log.info("Kafka answers again, after %.0f s", now - self._away_since)
            self.answers_since = now
        self._known_since, self._away_since, self._refused_since = now, None, None

    def _refused(self, why: str) -> RefusedError | None:
        self._away_since = None
        if self._refused_since is None:
            self._refused_since = time.monotonic()
            _log.warning("%s; waiting for it to let us in for %.0f s", why, REFUSED_FOR_S)
        if time.monotonic() - self._refused_since < REFUSED_FOR_S:
            return None
        return RefusedError(why)

    @property
    def _servers(self) -> str:
        return str(self._options["bootstrap_servers"])
