"""The tasks of a lane: the one that works it, and short ones beside it. An error of any of them ends the process."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from streams.worker.takeover import LaneError


class LaneTasks:
    """The tasks of one lane.

    title: what errors call the lane. on_failure: called with an error after which the process must end. parks: whether
    the lane parks.
    """

    def __init__(self, title: str, on_failure: Callable[[BaseException], None], parks: Callable[[], bool]) -> None:
        self._title = title
        self._on_failure = on_failure
        self._parks = parks
        self._task: asyncio.Task[None] | None = None
        self._beside: set[asyncio.Task[None]] = set()  # kept here, since asyncio holds a task only weakly

    @property
    def is_running(self) -> bool:
        """Whether the task runs that works the lane."""
        return self._task is not None and not self._task.done()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Starts the task that works the lane."""
        self._task = asyncio.create_task(work, name=f"lane of {self._title}")
        self._task.add_done_callback(self._ended)

    async def end(self) -> None:
        """Waits until that task has ended, which it does of itself where the lane parks."""
        if self._task is not None:
            await asyncio.wait([self._task])
            self._task = None

    def start_beside(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        """Starts a short task beside it. what: its name in errors, such as "seek"."""
        task = asyncio.create_task(work, name=f"{what} of {self._title}")
        self._beside.add(task)
        task.add_done_callback(self._ended_beside)

    def _ended_beside(self, task: asyncio.Task[None]) -> None:
        self._beside.discard(task)
        # Of a lane that parks nobody needs a seek or an answer. It is cancelled with the process if that ends before.
        if not (self._parks() and task.cancelled()):
            self._ended(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Nobody cancels a lane, but a future of the Kafka client that the lane awaits may be cancelled.
        error = LaneError(f"the {task.get_name()} was cancelled") if task.cancelled() else task.exception()
        if error is not None:
            self._on_failure(error)
