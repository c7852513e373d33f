"""What a signal does to a command that has started processes: it ends with 128 + its number, after tidying up."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from streams.signals import ending_on_signals, signals_wait, when_asked_to_end

STATUS = {signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.mark.parametrize("number", STATUS)
def test_a_signal_ends_the_block_with_its_status(number: signal.Signals) -> None:
    with pytest.raises(SystemExit) as ended, ending_on_signals():
        signal.raise_signal(number)
    assert ended.value.code == STATUS[number]


def test_ctrl_c_stays_ctrl_c() -> None:
    with pytest.raises(KeyboardInterrupt), ending_on_signals():
        signal.raise_signal(signal.SIGINT)


def test_a_signal_in_a_callback_of_the_loop_is_not_lost() -> None:
    tidied = []

    async def waiting() -> None:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            tidied.append(True)

    with pytest.raises(SystemExit) as ended, ending_on_signals():
        asyncio.run(waiting())
    assert ended.value.code == STATUS[signal.SIGTERM]
    assert tidied == [True]


def test_a_signal_waits_until_the_process_is_known() -> None:
    started = []

    def start() -> None:
        with ending_on_signals(), signals_wait():
            signal.raise_signal(signal.SIGTERM)
            started.append(True)

    with pytest.raises(SystemExit):
        start()
    assert started == [True]


def test_a_process_started_meanwhile_can_be_ended() -> None:
    with signals_wait():
        process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process.terminate()
    assert process.wait() == -signal.SIGTERM


def test_other_threads_may_start_processes() -> None:
    failed = []

    def start() -> None:
        with signals_wait():
            failed.append(False)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert failed == [False]


@pytest.fixture
def handlers() -> Iterator[None]:
    """Puts those of the tests back."""
    formers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, former in formers.items():
        signal.signal(number, former)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_loop_is_told_that_the_end_is_asked_for(number: signal.Signals) -> None:
    async def waiting() -> None:
        asked = asyncio.Event()
        when_asked_to_end(asked.set, asyncio.get_running_loop())
        signal.raise_signal(number)
        await asked.wait()

    asyncio.run(waiting())
    signal.raise_signal(number)  # its loop is closed, and it still has no other meaning


def test_an_ignored_signal_stays_ignored() -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_on_signals(), signals_wait():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, former)
