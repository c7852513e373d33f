"""The process of `tierflow intake`, apart from a worker's: that one needs no libraries for formats, and no mapping."""

from collections.abc import Mapping

from streams.api.routes import install_live
from streams.intake.compile.mapping import CompiledMapping
from streams.kafka.unpacking import read_in_part
from streams.settings import Settings
from streams.stages.sources import topics_of
from streams.worker.intake_app import IntakeApp
from streams.worker.live import LiveLanes
from streams.worker.run import run_app
from streams.worker.watches import add_lane_watches


def run_intake(settings: Settings, mapping: CompiledMapping, counts: Mapping[str, int]) -> None:
    """Runs the way in until SIGTERM or SIGINT, then ends the process with exit status 0.

    counts: how many partitions each topic has.
    """
    accounts = [settings.input_topic("accounts"), settings.by_account_topic] if settings.accounts else []
    read_in_part([*topics_of(mapping).values(), *accounts])
    app = IntakeApp(settings, mapping, counts)
    add_lane_watches(app)
    install_live(app.web.web_app, LiveLanes(app), settings, app.metrics)
    run_app(app)
