"""Faust's worker, replaced in how it is asked to end, and in how long that may take."""

import os
import threading

import faust

from streams.errors import TRY_AGAIN
from streams.logs import FAUST
from streams.signals import when_asked_to_end

STOPPED_WITHIN_S = 12.0


class EndingWorker(faust.Worker):  # type: ignore[misc]
    """A worker that takes over from the handlers of the process's start, without an instant between the two."""

    logger = FAUST

    def install_signal_handlers(self) -> None:
        """Ends tidily from now on, when it is asked to. Called by Faust, before anything is started."""
        when_asked_to_end(self._on_sigterm, self.loop)

    async def stop(self) -> None:
        """Ends everything in order, and the process if that takes too long.

        Faust waits without end for a broker that is away. What is not committed by then is worked again by whoever
        takes the partitions over.
        """
        status = TRY_AGAIN if self.app.crashed else 0
        patience = threading.Timer(STOPPED_WITHIN_S, os._exit, (status,))
        patience.daemon = True
        patience.start()
        await super().stop()
