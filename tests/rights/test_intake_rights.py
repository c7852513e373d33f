"""`tierflow intake` does its work with exactly the rights of its role, and those that its page names beside them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.kafka.intake_topics import ensure_intake_topics
from streams.kafka.rights.programs import intake
from streams.kafka.rights.right import Right, rights_of
from streams.kafka.rights.roles import ROLES
from streams.kafka.topic_specs import account_specs
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from tests.support.account_flow import FIRST_MS, put
from tests.support.guarded_broker import GuardedBroker
from tests.support.patience import stretched, until
from tests.support.sources import Core, IntakeProcess, bookings
from tests.support.worker_processes import PARTITIONS, read


@pytest.mark.parametrize("accounts", ["off", "on"])
async def test_intake_works_with_its_rights(
    guarded: GuardedBroker, names: Mapping[str, str], tmp_path: Path, accounts: str
) -> None:
    names = {**names, "TIERFLOW_ACCOUNTS": accounts}
    administrator = Settings.from_environment({**names, **guarded.own.environment}, dotenv=None)
    await ensure_topics(administrator, PARTITIONS)
    core = Core(administrator, tmp_path)
    await core.make()
    if accounts == "on":
        mapping = core.mapping.read_text()
        core.mapping.write_text(mapping.replace('customer_id = "owner"\n', ""))
        topics = account_specs(administrator)
        made = [Right("CREATE", "topic", spec.name) for spec in topics]
    else:
        made = []
    made += [Right("CREATE", "topic", administrator.output_topic("source-dead-letters"))]
    made += [Right("CREATE", "topic", administrator.intake_changelog("bookings"))]
    given = rights_of(intake(administrator, {"bookings": core.topic}))
    await guarded.give("intake", [*given, *rights_of(ROLES["intake"](administrator)), *made])
    await core.put(bookings(20, seed=4))
    if accounts == "on":
        await ensure_intake_topics(administrator, {})
        owners = [{"customer_id": "C1"}]
        owned = [{"account_id": f"A{number}", "owners": owners, "as_of": FIRST_MS} for number in range(40)]
        await put(administrator, administrator.input_topic("accounts"), owned)
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
