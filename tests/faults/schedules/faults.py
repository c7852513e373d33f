"""The faults: each begins, lasts, and ends; a fault of the machine is healed here, a process by who supervises it."""

import asyncio
import signal
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from streams.kafka.policies import publish_policy
from streams.kafka.topic_specs import topic_specs
from streams.policy.compile.load import load_policy
from streams.settings import Settings
from tests.faults.schedules.anomalies import TOO_LOW_BYTES
from tests.faults.schedules.cluster import Cluster
from tests.faults.schedules.crew import Crew, Member, last_words
from tests.faults.schedules.leadership import GROUPS, TRANSACTIONS, move_leaders
from tests.faults.schedules.plan import Step
from tests.faults.schedules.points import POINTS
from tests.support.patience import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_MENDED_WITHIN_S = 60.0
# By the clock: what does not come about is not counted. A worker that is started anew has to be given partitions first.
_HIT_WITHIN_S, _ASSIGNED_WITHIN_S = 8.0, 40.0


class Faults:
    """hits: how often each fault came about, by its name, and by the point. settings: those of a direct client."""

    def __init__(self, cluster: Cluster, crew: Crew, settings: Settings) -> None:
        self.hits: Counter[str] = Counter()
        self.unclean: list[str] = []
        self.sigterm_s: list[float] = []
        self._cluster = cluster
        self._crew = crew
        self._settings = settings
        self._versions = 1
        self._by_name: dict[str, Callable[[Step], Awaitable[bool]]] = {
            "worker: kill": self._kill,
            "worker: kill at": self._end_at,
            "worker: stop": self._stop,
            "worker: stop at": self._end_at,
            "worker: terminate": self._terminate,
            "worker: storm": self._storm,
            "worker: fence": self._fence,
            "broker: kill": self._restart_broker,
            "broker: restart": self._restart_broker,
            "broker: freeze": self._freeze_broker,
            "broker: disk full": self._broker_disk,
            "broker: disk read-only": self._broker_disk,
            "broker: leaders move": self._move_leaders,
            "broker: coordinators move": self._move_coordinators,
            "connection: reset": self._connection,
            "connection: cut": self._connection,
            "connection: delay": self._connection,
            "connection: one way": self._connection,
            "disk: full": self._disk_full,
            "disk: read-only": self._disk_read_only,
            "clock: jump": self._clock_jumps,
            "clock: wrong": self._clock_is_wrong,
            "topics: setting": self._setting,
            "topics: policy": self._policy,
        }

    def begin(self) -> None:
        """Begins to count anew."""
        self.hits, self.unclean, self.sigterm_s = Counter(), [], []

    async def happen(self, step: Step) -> None:
        """Lets a fault begin at its time, last, and end."""
        await asyncio.sleep(step.at_s)
        if await self._by_name[step.name](step):
            self.hits[step.name] += 1

    # --- workers ---

    async def _kill(self, step: Step) -> bool:
        member = self._crew.members[step.target]
        if not member.is_up:
            return False
        member.kill()
        return True

    async def _stop(self, step: Step) -> bool:
        member = self._crew.members[step.target]
        if not member.is_up:
            return False
        member.signal(signal.SIGSTOP)
        await asyncio.sleep(step.seconds)
        with suppress(ProcessLookupError):
            member.signal(signal.SIGCONT)
        return True

    async def _end_at(self, step: Step) -> bool:
        """At a named point: ends by SIGKILL, or stands still past the session."""
        member, (point, times, who) = self._crew.members[step.target], step.detail
        number = signal.SIGKILL if step.kind == "kill at" else signal.SIGSTOP
        member.arm(point, number, times)
        # Beside the rest: a worker that stands still while it ends has to go on before it can have ended.
        moving = asyncio.create_task(self._move_partitions(member, who, point))
        needs_group = POINTS[point].needs == "group"

        def is_over() -> bool:
            # Once all have what they were given, nobody comes to a point of that assignment any more.
            all_ready = len(self._crew.urls()) == len(self._crew.members)
            return not member.is_armed or (needs_group and moving.done() and all_ready)

        await _comes_about(is_over, _ASSIGNED_WITHIN_S if needs_group else _HIT_WITHIN_S)
        is_hit = not member.disarm()
        if is_hit and number == signal.SIGSTOP:
            await asyncio.sleep(step.seconds)
            with suppress(ProcessLookupError):
                member.signal(signal.SIGCONT)
        await moving
        if is_hit:
            self.hits[f"{step.kind}: {point}"] += 1
        return is_hit

    async def _move_partitions(self, member: Member, who: str, point: str) -> None:
        """Has the group give partitions anew, if that brings a worker to the point: somebody ends, and starts."""
        if POINTS[point].needs != "group":
            return
        others = [other for other in self._crew.members if other is not member]
        for one in [member] if who == "itself" else others:
            if one.may_be_ended:
                await self._end(one)
                self._start_again(one)
                return

    async def _terminate(self, step: Step) -> bool:
        member = self._crew.members[step.target]
        if not member.may_be_ended:
            return False
        await self._end(member)
        self._start_again(member)
        return True

    async def _end(self, member: Member) -> None:
        """SIGTERM: the exit status has to be 0, unless the process had just begun to start, or a point comes first."""
        member.is_off = True
        clean = {0, -signal.SIGKILL} if member.url else {0, -signal.SIGKILL, -signal.SIGTERM}
        self.sigterm_s.append(await member.asked_to_end())
        status = member.process.returncode
        if status not in clean:
            self.unclean.append(f"{member.name} ended with {status} after SIGTERM: {last_words(member)}")

    def _start_again(self, member: Member) -> None:
        if not member.is_up:
            member.start_again()
        member.is_off = False

    async def _storm(self, step: Step) -> bool:
        """Members come and go faster than the group settles."""
        victim = self._crew.members[step.target]
        for number, pause_s in enumerate(step.detail):
            if number % 2 == 0:
                self._crew.start_extra()
            elif victim.may_be_ended:
                await self._end(victim)
                self._start_again(victim)
            await asyncio.sleep(pause_s)
        await self._crew.end_extras()
        return True

    async def _fence(self, step: Step) -> bool:
        """Somebody starts a producer under a worker's transactional id."""
        partition, which = step.detail
        name = f"{self._settings.app_id}-{partition}-{which}"
        producer = AIOKafkaProducer(**self._settings.client_options(), transactional_id=name)
        try:
            async with asyncio.timeout(20):
                await producer.start()
        except (KafkaError, TimeoutError):
            return False
        finally:
            await producer.stop()
        return True

    # --- brokers and connections ---

    async def _restart_broker(self, step: Step) -> bool:
        end = self._cluster.kill_broker if step.kind == "kill" else self._cluster.stop_broker
        await asyncio.to_thread(end, step.target)
        await asyncio.sleep(step.seconds)
        await asyncio.to_thread(self._cluster.start_broker, step.target)
        return True

    async def _freeze_broker(self, step: Step) -> bool:
        self._cluster.freeze_broker(step.target)
        await asyncio.sleep(step.seconds)
        self._cluster.thaw_broker(step.target)
        return True

    async def _move_leaders(self, step: Step) -> bool:
        names = [spec.name for spec in topic_specs(self._settings)]
        return await self._moved(names[step.target % 2 :: 2])

    async def _move_coordinators(self, _: Step) -> bool:
        return await self._moved([GROUPS, TRANSACTIONS])

    async def _moved(self, topics: list[str]) -> bool:
        try:
            return await move_leaders(self._cluster.servers, topics) > 0
        except (KafkaError, OSError, AssertionError):
            return False  # another fault is in the way

    async def _connection(self, step: Step) -> bool:
        whose, more = step.detail
        links = self._cluster.links_of(**{"slot" if whose == "worker" else "node": step.target})
        for link in links:
            match step.kind:
                case "reset":
                    link.break_off()
                case "cut":
                    link.cut()
                case "delay":
                    link.slow_down(more)
                case _:
                    link.hold(more)
        self.hits[f"connection: {step.kind} of a {whose}"] += 1
        await asyncio.sleep(0.0 if step.kind == "reset" else step.seconds)
        for link in links:
            link.heal()
        return True

    # --- disks, clocks, topics ---

    async def _broker_disk(self, step: Step) -> bool:
        """A broker that cannot write ends; then there is room again, and it is started."""
        disk = self._cluster.disks[step.target]
        if not (disk.fill() if step.kind == "disk full" else disk.make_read_only()):
            return False
        has_ended = await _comes_about(lambda: self._cluster.has_ended(step.target))
        disk.heal()
        if not has_ended:
            await asyncio.to_thread(self._cluster.kill_broker, step.target)
        await asyncio.to_thread(self._cluster.start_broker, step.target)
        return has_ended

    async def _disk_full(self, step: Step) -> bool:
        """No file of the worker's may grow, its log included."""
        member = self._crew.members[step.target]
        if member.url is None:
            return False  # nobody would ever hear that it is ready
        member.limit_files(0)
        await asyncio.sleep(step.seconds)
        member.limit_files(None)
        return True

    async def _disk_read_only(self, step: Step) -> bool:
        """The worker starts on a data folder that it cannot write to, and keeps it until it is healed."""
        member = self._crew.members[step.target]
        if not member.may_be_ended or not member.make_data_read_only():
            return False
        await self._end(member)
        self._start_again(member)
        await asyncio.sleep(step.seconds)
        return True

    async def _clock_jumps(self, step: Step) -> bool:
        """By less than what a worker refuses."""
        member = self._crew.members[step.target]
        member.set_clock(step.detail)
        await asyncio.sleep(step.seconds)
        member.set_clock(0)
        return True

    async def _clock_is_wrong(self, step: Step) -> bool:
        """A worker that starts with it refuses to."""
        member, before = self._crew.members[step.target], len(self._crew.ended)
        if not member.is_up:
            return False
        member.set_clock(step.detail)
        member.kill()

        def has_refused() -> bool:
            return any(ended.worker == member.name for ended in self._crew.ended[before:])

        await _comes_about(has_refused)
        member.set_clock(0)
        return has_refused()

    async def _setting(self, step: Step) -> bool:
        """A limit is too low for some seconds, as in a slip of the hand: workers bear that."""
        topic = next(spec for spec in topic_specs(self._settings) if spec.name == self._settings.output_topic("order"))
        is_altered = await self._alter(topic.name, {**topic.config, "max.message.bytes": TOO_LOW_BYTES})
        await asyncio.sleep(step.seconds)
        # Another fault may be in the way; what was not answered may have been done.
        await until(lambda: self._alter(topic.name, dict(topic.config)), _MENDED_WITHIN_S, "the setting is mended")
        return is_altered

    async def _alter(self, topic: str, config: dict[str, str]) -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._cluster.servers)
        try:
            await admin.start()
            answers: list[Any] = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, config)])
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()
        return not any(error[0] for answer in answers for error in answer.resources)

    async def _policy(self, _: Step) -> bool:
        """Another version of the policy, with the same floors: everybody is rated anew, and nothing changes."""
        self._versions += 1
        text = self._settings.policy.read_text().replace("version = 1", f"version = {self._versions}")
        try:
            await publish_policy(self._settings, load_policy(text))
        except (KafkaError, OSError):
            return False
        return True


async def _comes_about(reached: "Callable[[], bool]", within_s: float = _HIT_WITHIN_S) -> bool:
    """Says whether something has come about before it is given up."""
    give_up_at = time.monotonic() + within_s
    while not reached():
        if time.monotonic() > give_up_at:
            return False
        await asyncio.sleep(0.02)
    return True
