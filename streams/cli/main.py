"""The way into `tierflow`, and what becomes of an error. The commands are in commands.py."""

import sys
from collections.abc import Callable

from streams.errors import NEEDS_A_PERSON, TRY_AGAIN, TryAgainError, UsageError
from streams.logs import set_levels
from streams.signals import end_when_asked


def run() -> None:
    """Runs the command line.

    A UsageError becomes a sentence on standard error and exit status 2, a TryAgainError one and 70; no traceback.
    """
    if sys.argv[1:2] in (["worker"], ["intake"], ["console"]):
        end_when_asked()  # first of all: what it imports takes a second
    set_levels()
    try:
        _command()()
    except (UsageError, TryAgainError) as error:
        from rich.console import Console

        Console(stderr=True, soft_wrap=True, highlight=False).print(f"tierflow: {error}", markup=False)
        sys.exit(NEEDS_A_PERSON if isinstance(error, UsageError) else TRY_AGAIN)


def _command() -> Callable[[], object]:
    """Gives what the command line asks for. What runs for months needs no parser, which takes 11 MiB."""
    if sys.argv[1:] == ["worker"]:
        from streams.cli.worker import worker

        return worker
    if sys.argv[1:] == ["intake"]:
        from streams.cli.intake_run import run_sources

        return run_sources
    from streams.cli.commands import app

    return app
