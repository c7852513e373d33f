"""Signals that end a command: one that serves ends with 0, one that has started processes ends these first."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_when_asked() -> None:
    """Has SIGTERM and SIGINT end the process at once, with exit status 0: nothing is begun yet that has to be ended."""
    when_asked_to_end(lambda: os._exit(0))


def when_asked_to_end(act: Callable[[], object], loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Has SIGTERM and SIGINT call this, in the main thread, in place of what they did before.

    loop: has its next round call it. asyncio's own handlers would leave a process without any once the loop is closed:
    one that is asked again while it ends would end with another status.
    """

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if loop is None:
            act()
        elif not loop.is_closed():
            loop.call_soon_threadsafe(act)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)


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
