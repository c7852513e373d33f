"""The process of a worker: Faust's worker around the app, and the HTTP routes on Faust's web server."""

import sys

from streams.api.routes import install
from streams.api.server import BoundedRunner, allow_open_files
from streams.kafka.policies import KnownPolicies
from streams.kafka.unpacking import read_in_part
from streams.settings import Settings
from streams.worker.app import create_app
from streams.worker.frame.ending import EndingWorker
from streams.worker.garbage import collect_rarely
from streams.worker.lane_app import LaneApp
from streams.worker.live import LiveLanes
from streams.worker.serving import WorkerSource
from streams.worker.shown import shown
from streams.worker.watches import add_watches

# How long the fetching thread waits for Python while a lane computes, several times a fetch. Python's own 5 ms are as
# long as a small batch.
SWITCH_WITHIN_S = 0.001


def run_worker(settings: Settings, known: KnownPolicies, partitions: int) -> None:
    """Runs a worker until SIGTERM or SIGINT, then ends the process with exit status 0.

    known: the policies on `tier.policies`. partitions: how many each input topic has.
    """
    read_in_part(settings.input_topics())
    app = create_app(settings, known, partitions)
    add_watches(app, known)
    install(app.web.web_app, WorkerSource(app), settings, app.metrics)
    run_app(app)


def run_app(app: LaneApp) -> None:
    """Runs an app until SIGTERM or SIGINT, then ends the process with exit status 0."""
    app.metrics.show_ready(lambda: LiveLanes(app).ready().ready)
    app.metrics.show(lambda: shown(app))
    collect_rarely()
    allow_open_files()
    sys.setswitchinterval(SWITCH_WITHIN_S)
    # Faust's own runner has no limits.
    app.web._runner = BoundedRunner(app.web.web_app, app.settings.http_limits, app.metrics.registry)  # noqa: SLF001
    # Faust's worker starts and stops services in order. Its logging, banner and spinner are off.
    worker = EndingWorker(app, quiet=True, redirect_stdouts=False, override_logging=False)
    worker.spinner = None
    worker.execute_from_commandline()
