"""Signals that end a command which has started processes: these are ended first, whenever the signal comes."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Makes SIGTERM and SIGHUP end the block as ctrl-C does, so that broker and workers are stopped on the way out.

    In a coroutine, asyncio then cancels its main task. (An exception raised by a handler of our own there would now and
    then be lost: in a callback or in a destructor, whose exceptions Python only prints.)
    A signal that is ignored, as nohup ignores SIGHUP, stays ignored.

    Raises:
        SystemExit: A signal ended the block; the status is 128 + its number.
    """
    came: list[int] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        came.append(number)
        interrupt = signal.getsignal(signal.SIGINT)
        (interrupt if callable(interrupt) else signal.default_int_handler)(number, frame)

    awaited = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN]
    formers = {number: signal.signal(number, on_signal) for number in awaited}
    try:
        yield
    except KeyboardInterrupt:
        if not came:
            raise
        sys.exit(128 + came[0])
    finally:
        for number, former in formers.items():
            signal.signal(number, former)


@contextmanager
def signals_wait() -> Iterator[None]:
    """Lets signals wait until the end of the block, so that a process started there is known before one ends us.

    (A blocked signal would stay blocked in the process that is started; a handler does not go over to it.) Signals
    interrupt the main thread alone: in another one there is nothing to wait for.
    """
    came: list[int] = []
    formers = {number: signal.getsignal(number) for number in _ENDING}
    interrupts = threading.current_thread() is threading.main_thread()
    handled = [number for number, former in formers.items() if interrupts and callable(former)]
    for number in handled:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, formers[number])
        for waited in came:
            signal.raise_signal(waited)
