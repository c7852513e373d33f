"""An asyncio loop without real time: its clock jumps to the next timer, and a seed decides what runs next.

Everything belongs to a process (PROCESS), or to the world around them. A process that is killed runs nothing any more,
not even its `finally`; what would run in one that is paused is put aside until it goes on. No thread, no socket, no
clock of the machine: the same seed gives the same run, wherever it is.
"""

import asyncio
import heapq
from collections import deque
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any, Protocol

STEP_S = 0.00001  # that the clock goes on with each step, so that nothing takes no time
TRIES = 20  # a `finally` that awaits has to be ended once more
FIRST_MS = 1_795_483_800_000  # of the wall clock


class Process(Protocol):
    """What owns tasks and timers: it lives, or it is dead or paused."""

    is_dead: bool
    is_paused: bool
    put_aside: list[Any]
    steps: int  # that it has done
    steps_left: int  # until something happens to it; 0: nothing does

    def strike(self) -> None:
        """Lets it happen."""


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class Step:
    """What is to be done, once or never: a handle, as asyncio calls it."""

    __slots__ = ("arguments", "callback", "context")

    def __init__(self, callback: Any, arguments: tuple[Any, ...], context: Context) -> None:
        self.callback = callback
        self.arguments = arguments
        self.context = context

    def cancel(self) -> None:
        """Has it not be done."""
        self.callback = None
        self.arguments = ()

    def cancelled(self) -> bool:
        """Says whether it will not be done."""
        return self.callback is None


class NothingLeftError(Exception):
    """Nothing is ready, and no timer will make anything so."""


class SeededLoop(asyncio.BaseEventLoop):
    """A loop on a clock of its own. random: decides what of the ready runs next; None: what came first.

    slow: says how much time passes whenever the product measures how long its own work takes; None: none does.
    """

    def __init__(self, random: Random | None, slow: Random | None = None) -> None:
        super().__init__()
        self._slow = slow
        self.now_s = 1_000.0
        self.steps = 0
        self.tasks: list[
            asyncio.Task[Any]
        ] = []  # all that were ever made: the dead are not to be collected before the end
        self.failed: list[dict[str, Any]] = []  # what nobody caught
        self._random = random
        self._ready: deque[Step] = deque()
        self._timers: list[tuple[float, int, Step]] = []
        self._made = 0  # timers: of two for the same time, the one made first comes first
        self.world = copy_context()
        self.set_task_factory(_make_task)
        self.set_exception_handler(lambda _, context: self.failed.append(context))

    def time(self) -> float:
        """Gives the seconds of the loop's own clock."""
        return self.now_s

    def perf_counter(self) -> float:
        """Gives the clock by which the product measures its own work."""
        if self._slow is not None:
            self.now_s += 0.02 * self._slow.random() ** 3
        return self.now_s

    def time_ns(self) -> int:
        """Gives the wall clock, as time.time_ns does."""
        return FIRST_MS * 1_000_000 + int((self.now_s - 1_000.0) * 1_000_000_000)

    def context_of(self, process: Process) -> Context:
        """Gives a context whose tasks and timers belong to a process."""
        context = self.world.copy()
        context.run(PROCESS.set, process)
        return context

    def go_on(self, process: Process) -> None:
        """Wakes a paused process: all that would have run in it is ready now, in no particular order."""
        process.is_paused = False
        self._ready.extend(process.put_aside)
        process.put_aside = []

    def bury(self) -> None:
        """Lets go of what is left, now: collected in another run, its `finally` would run there."""
        for task in self.tasks:
            if task.done():
                continue
            task._log_destroy_pending = False
            coroutine = task.get_coro()
            for _ in range(TRIES):
                if coroutine.cr_frame is None:
                    break
                with suppress(BaseException):
                    coroutine.close()
        self.tasks.clear()
        self._ready.clear()
        self._timers.clear()
        self.close()

    # asyncio's own handles do more than is needed here, and are most of what a step costs.

    def call_soon(self, callback: Any, *arguments: Any, context: Context | None = None) -> Any:
        """Does something in the next steps."""
        step = Step(callback, arguments, copy_context() if context is None else context)
        self._ready.append(step)
        return step

    call_soon_threadsafe = call_soon

    def call_at(self, when: float, callback: Any, *arguments: Any, context: Context | None = None) -> Any:
        """Does something at a time."""
        step = Step(callback, arguments, copy_context() if context is None else context)
        self._made += 1
        heapq.heappush(self._timers, (when, self._made, step))
        return step

    def call_later(self, delay: float, callback: Any, *arguments: Any, context: Context | None = None) -> Any:
        """Does something after a while."""
        return self.call_at(self.now_s + delay, callback, *arguments, context=context)

    def _run_once(self) -> None:  # noqa: C901, PLR0912 - a call each would be half of what a step costs
        ready, timers, random = self._ready, self._timers, self._random
        while not self._stopping:
            while timers and (timers[0][0] <= self.now_s or not ready):
                when, _, timer = heapq.heappop(timers)
                if timer.callback is not None:
                    self.now_s = max(self.now_s, when)
                    ready.append(timer)
            if not ready:
                raise NothingLeftError
            if random is not None and len(ready) > 1:
                chosen = int(random.random() * len(ready))
                ready[0], ready[chosen] = ready[chosen], ready[0]
            step = ready.popleft()
            callback = step.callback
            if callback is None:
                continue
            process = step.context.get(PROCESS)
            if process is not None:
                if process.steps_left:
                    process.steps_left -= 1
                    if not process.steps_left:
                        process.strike()
                if process.is_dead or process.is_paused:
                    if not process.is_dead:
                        process.put_aside.append(step)
                    continue
                process.steps += 1
            self.now_s += STEP_S
            self.steps += 1
            try:
                step.context.run(callback, *step.arguments)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001 - as asyncio's handles do
                self.call_exception_handler({"message": f"in {callback!r}", "exception": error})

    def _asyncgen_firstiter_hook(self, generator: Any) -> None:
        """Does nothing, nor does the next: what is left of a generator must not run when it happens to be collected."""

    def _asyncgen_finalizer_hook(self, generator: Any) -> None:
        """Does nothing."""

    def _process_events(self, event_list: Any) -> None:
        """Does nothing: there is no selector."""

    def _write_to_self(self) -> None:
        """Does nothing: there are no threads."""


def _make_task(loop: asyncio.AbstractEventLoop, coroutine: Any, context: Context | None = None) -> asyncio.Task[Any]:
    task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, context=context)
    loop.tasks.append(task)  # type: ignore[attr-defined]
    return task
