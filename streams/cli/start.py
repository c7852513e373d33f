"""How a process that works lanes starts: its folder, its port, and a Kafka that may be away yet."""

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from streams.errors import AwayError, TryAgainError, UsageError, named
from streams.settings import Settings

# Long enough for a broker's restart; a supervisor starts the process again after that.
KAFKA_WITHIN_S = 30.0
TRIED_EVERY_S = 1.0
_Prepared = TypeVar("_Prepared")


def make_data_dir(settings: Settings) -> None:
    """Makes the folder for the worker's files.

    Raises:
        UsageError: The folder cannot be made.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"TIERFLOW_DATA_DIR: {settings.data_dir} cannot be made ({error.strerror}); "
            "write a folder that this user may write to"
        ) from error


def with_http_port(settings: Settings) -> Settings:
    """Gives the settings with an HTTP port that is free now. 0, or the default if it is taken, becomes any free port.

    Raises:
        UsageError: A port was asked for, and cannot be listened on.
    """
    wanted = settings.http_port
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.http_host, wanted))
        except OSError as error:
            if settings.http_port_given and wanted:
                raise UsageError(
                    f"TIERFLOW_HTTP_PORT: {settings.http_host}:{wanted} cannot be listened on ({error.strerror}); "
                    "write another port, or 0 for any free one"
                ) from error
            listener.bind((settings.http_host, 0))
        return replace(settings, http_port=listener.getsockname()[1])


def free_port(host: str, wanted: int) -> int:
    """Gives a port that is free now: the one that is wanted or, where it is taken, any."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, wanted))
        except OSError:
            listener.bind((host, 0))
        return int(listener.getsockname()[1])


async def patiently(prepare: Callable[[], Awaitable[_Prepared]]) -> _Prepared:
    """Prepares what a process needs of Kafka, and waits for a Kafka that is away.

    Raises:
        TryAgainError: It has been away for KAFKA_WITHIN_S.
        UsageError: It refuses us, a right is missing, or a topic or a policy cannot be used.
    """
    from aiokafka.errors import KafkaError

    from streams.kafka.never_taken import FORBIDDEN
    from streams.kafka.refusals import forbidden

    give_up_at = time.monotonic() + KAFKA_WITHIN_S
    told = False
    while True:
        try:
            return await prepare()
        except FORBIDDEN as error:  # of a right that was taken away meanwhile, or of a broker that tells none
            raise UsageError(forbidden(error, "READ and WRITE")) from error
        except (AwayError, KafkaError, TimeoutError) as error:
            why = str(error) if isinstance(error, AwayError) else f"Kafka is in trouble: {named(error)}"
            if time.monotonic() > give_up_at:
                raise TryAgainError(f"{why}; it was waited for, for {KAFKA_WITHIN_S:.0f} s") from error
            if not told:
                logging.getLogger(__name__).warning("%s; waiting for it for %.0f s", why, KAFKA_WITHIN_S)
            told = True
        await asyncio.sleep(TRIED_EVERY_S)
