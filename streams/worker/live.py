"""Whether a process that works lanes is ready and makes progress, as it says over HTTP."""

from typing import Generic, TypeVar

from streams.api.source import Readiness
from streams.worker.lane_app import LaneApp

CUT_OFF = "The group's coordinator has not answered this worker within its session: others may have its partitions."


App = TypeVar("App", bound=LaneApp)


class LiveLanes(Generic[App]):
    """The LiveSource (api/source.py) of an app that runs."""

    def __init__(self, app: App) -> None:
        self._app = app

    def ready(self) -> Readiness:
        """Says whether the partitions are assigned, recovered and worked on, and why not."""
        away = self._app.contact.why_away()
        if away is not None:
            return Readiness(ready=False, reasons=[away])
        if not self._app.assigned:
            return Readiness(ready=False, reasons=["partitions are being assigned"])
        if not self._app.is_member:
            return Readiness(ready=False, reasons=[CUT_OFF])
        if self._app.changed is not None:
            return Readiness(ready=False, reasons=[self._app.changed])
        lanes = [lane for lane in self._app.lanes.values() if not lane.stage.sleeps]
        reasons = [f"{lane.title} is being recovered" for lane in lanes if not lane.serving]
        return Readiness(not reasons, reasons)

    def healthy(self) -> str | None:
        """Gives what the watchdog has found; None if all lanes make progress."""
        return self._app.stalled
