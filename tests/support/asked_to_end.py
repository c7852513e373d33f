"""Asking a process to end at a chosen instant: when it comes to a function."""

import asyncio
import os
import signal
from collections.abc import Callable
from functools import reduce, wraps
from importlib import import_module
from typing import Any


def ask(*places: str) -> None:
    """Has this process ask itself to end each time that it comes to one of these functions."""
    asyncio.set_event_loop(asyncio.new_event_loop())  # not that of the tests
    for place in places:
        module, _, name = place.partition(":")
        *path, last = name.split(".")
        owner = reduce(getattr, path, import_module(module))
        setattr(owner, last, _asking(getattr(owner, last)))


def _asking(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function, updated=())
    def asked(*arguments: Any, **named: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return function(*arguments, **named)

    return asked
