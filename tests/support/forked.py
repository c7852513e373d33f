"""The command line in a fork of this process: a process of its own, without the second that Python takes to begin."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from streams.cli import commands, worker
from streams.cli.main import run
from streams.worker import run as worker_run
from tests.support.commands import Said
from tests.support.patience import stretched

LOADED = (commands, worker, worker_run)  # before the fork, so that no fork has to load them


def forked(
    environment: Mapping[str, str],
    *arguments: str,
    within_s: float = 30.0,
    before: Callable[[], object] = lambda: None,
) -> Said:
    """Runs a command to its end, as `tierflow` of commands.py does. Not for coroutines: no loop may run here.

    before: called in the fork, first of all.
    """
    with ExitStack() as files:
        out, err = (files.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        pid = os.fork()
        if not pid:
            _run(environment, arguments, out.fileno(), err.fileno(), before)
        status = _ended(pid, stretched(within_s))
        texts = [file.read().decode() for file in (out, err) if not file.seek(0)]
    assert status is not None, f"{arguments} has not ended: {texts}"
    return Said(status, *texts)


def _run(
    environment: Mapping[str, str], arguments: tuple[str, ...], out: int, err: int, before: Callable[[], object]
) -> None:
    """Becomes the command. Whatever happens, nothing of the tests goes on in the fork."""
    status: object = 1
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["tierflow", *arguments]
        before()
        run()
        status = 0
    except SystemExit as ended:
        status = ended.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 0 if status is None else 1)


def _ended(pid: int, within_s: float) -> int | None:
    """Gives the exit status; None where it had to be killed."""
    give_up_at = time.monotonic() + within_s
    while time.monotonic() < give_up_at:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None
