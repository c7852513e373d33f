"""Runs a worker to its end: Faust's worker around the app, the HTTP side on Faust's web server."""

import faust

from streams.api.routes import install
from streams.kafka.policies import KnownPolicies
from streams.settings import Settings
from streams.worker.app import create_app
from streams.worker.frame.records import read_bare_records
from streams.worker.garbage import collect_rarely
from streams.worker.serving import WorkerSource


def run_worker(settings: Settings, known: KnownPolicies, partitions: int) -> None:
    """Runs until SIGTERM or SIGINT, then leaves with exit status 0."""
    collect_rarely()
    read_bare_records()
    app = create_app(settings, known, partitions)
    install(app.web.web_app, WorkerSource(app), settings, app.metrics)
    # Faust's worker: signals, start and stop in order. Its own logging, banner and spinner stay away.
    worker = faust.Worker(app, quiet=True, redirect_stdouts=False, override_logging=False)
    worker.spinner = None
    worker.execute_from_commandline()
