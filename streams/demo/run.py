"""The demo from start to end: the stage, the history, a worker, live events with a live view, and then the audit."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from streams.audit.report import Report
from streams.audit.run import audit
from streams.bench.stand import Stand
from streams.bench.workers import Worker, running_workers
from streams.demo.events import OLD_CUSTOMERS, Bank
from streams.demo.figures import Figures
from streams.demo.play import DemoOptions, Play, View, send_history, worker_url
from streams.demo.stage import stage
from streams.kafka.wall_clock import wall_ms
from streams.signals import signals_wait

CONSOLE = 2  # the number of its log and folder, after the worker's


class Outcome(NamedTuple):
    """The result of a demo, from which the summary is made. seconds: how long events were sent."""

    figures: Figures
    history: Figures  # of the events before the live ones; `figures` leaves these out
    sent_twice: int
    seconds: float
    report: Report


def run_demo(options: DemoOptions, view: View) -> Outcome:
    """Plays the demo to its end.

    Raises:
        UsageError: Kafka or the worker cannot be started, Kafka fails, or the worker stands still.
    """
    bank = Bank(options.seed)
    with stage(options.http_port, view.say) as on:
        history = asyncio.run(send_history(on, bank.opens(wall_ms())))
        view.say(f"starting a worker; what it finds of {OLD_CUSTOMERS} customers is history: no campaign comes of it")
        with running_workers(on, 1) as workers, _console(on, options.console_port):
            play = Play(on, workers[0], bank, history, options, view)
            try:
                seconds = asyncio.run(play.run())
            finally:
                view.end()
        view.say("replaying the log: the audit")
        report = asyncio.run(audit(on.settings))
    return Outcome(play.figures, history.figures, bank.sent_twice, seconds, report)


@contextmanager
def _console(on: Stand, port: int) -> Iterator[None]:
    """Runs a console over the demo's bank, beside the rest: the demo waits for nothing of it."""
    with signals_wait():
        console = Worker(
            on,
            CONSOLE,
            ("console",),
            {
                "TIERFLOW_CONSOLE_HOST": "127.0.0.1",
                "TIERFLOW_CONSOLE_PORT": str(port),
                "TIERFLOW_HTTP_URL": worker_url(on.settings),
            },
        )
    try:
        yield
    finally:
        console.terminate()
        console.wait()
