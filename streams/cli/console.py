"""`tierflow console`: the API for agents, operators and systems, and the page over it."""

import asyncio

from streams.cli.start import make_data_dir, patiently
from streams.settings import Settings


def console() -> None:
    """Serve the console: its page and its API, until SIGTERM or SIGINT."""
    from streams.console.run import run_console
    from streams.logs import set_up_logging

    settings = Settings.from_environment()
    make_data_dir(settings)
    set_up_logging()
    asyncio.run(patiently(lambda: run_console(settings)))
