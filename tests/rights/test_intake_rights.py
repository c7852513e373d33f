"""`tierflow intake` does its work with exactly the rights of its role, and those that its page names beside them."""

from collections.abc import Mapping
from pathlib import Path

from streams.kafka.rights import ROLES, Right, intake, rights_of
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from tests.support.guarded_broker import GuardedBroker
from tests.support.patience import stretched, until
from tests.support.sources import Core, IntakeProcess, bookings
from tests.support.worker_processes import PARTITIONS, read


async def test_intake_works_with_its_rights(guarded: GuardedBroker, names: Mapping[str, str], tmp_path: Path) -> None:
    administrator = Settings.from_environment({**names, **guarded.own.environment}, dotenv=None)
    await ensure_topics(administrator, PARTITIONS)
    core = Core(administrator, tmp_path)
    await core.make()
    made = [Right("CREATE", "topic", administrator.output_topic("source-dead-letters"))]
    made += [Right("CREATE", "topic", administrator.intake_changelog("bookings"))]
    given = rights_of(intake(administrator, {"bookings": core.topic}))
    await guarded.give("intake", [*given, *rights_of(ROLES["intake"](administrator)), *made])
    await core.put(bookings(20, seed=4))
    process = IntakeProcess(guarded.environment("intake", names), tmp_path, "i1", core.mapping)
    try:
        await process.ready()
        topic = administrator.input_topic("transactions")

        async def has_come() -> bool:
            return bool(await read(administrator, topic))

        await until(has_come, stretched(30), "events have come")
        assert await process.stop() == 0
    finally:
        process.discard()
