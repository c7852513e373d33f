"""Waits for a registry that is away: nothing is skipped or refused because of that."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from streams.errors import TryAgainError
from streams.registry.client import RegistryAwayError, RegistryClient

LONGEST_PAUSE_S = 10.0
_log = logging.getLogger(__name__)
_Answered = TypeVar("_Answered")


async def patiently(
    client: RegistryClient, ask: Callable[[], Awaitable[_Answered]], within_s: float | None
) -> _Answered:
    """Asks until the registry answers. within_s: how long one that is away is waited for; None: for ever.

    Raises:
        TryAgainError: It was away for too long.
    """
    began, pause_s, told = time.monotonic(), 0.25, False
    while True:
        try:
            answered = await ask()
        except RegistryAwayError as error:
            said = f"the registry {client.url} is away: {error}"
            if within_s is not None and time.monotonic() - began > within_s:
                raise TryAgainError(f"{said}; it was waited for, for {within_s:.0f} s") from error
            if not told:
                _log.warning("%s; it is waited for, and nothing is skipped", said)
            told = True
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        else:
            if told:
                _log.info("the registry %s answers", client.url)
            return answered
