"""Sealed by keys: an erase makes all of before unreadable, whoever was killed meanwhile, and nothing else changes.

It begins without keys: an app id that has worked goes on with them, and what was written before stays as it was.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path

from streams.contracts.packing import LANE_KEY, unpack_state
from streams.engine.measures.erased import is_numbers_alone
from streams.sealing.cipher import MARK_BYTES, SEALED, mark_of, marked
from streams.settings import Settings
from tests.support.commands import Said, tierflow
from tests.support.patience import until
from tests.support.worker_processes import Events, Workers, applied, customers_of, read, read_opened

ERASED, STAYS, BEFORE = customers_of(1, 3)
NEW = b"n" * 32  # a master key
OTHERS = [customer for number in range(4) for customer in customers_of(number, 7)[3:]]


async def newest(settings: Settings, topic: str) -> dict[bytes, bytes | None]:
    """The newest value by key."""
    return {record.key: record.value for record in await read(settings, topic) if record.key != LANE_KEY}


async def changes_of(settings: Settings, customer: str) -> tuple[int, list[int]]:
    """How many tier changes of a customer there are, and the numbers of those that can be read."""
    records = [
        record for record in await read(settings, settings.output_topic("changes")) if record.key == customer.encode()
    ]
    assert all(set(json.loads(record.value)) == {"id", "customer_id", "sequence", "sealed"} for record in records)
    opened = [record for record in await read_opened(settings, "changes") if record.key == customer.encode()]
    return len(records), [json.loads(record.value)["sequence"] for record in opened]


async def test_an_erase_makes_all_of_before_unreadable_whoever_is_killed(
    sealed_settings: Settings, sealed_environment: Mapping[str, str], tmp_path: Path
) -> None:
    settings, environment = sealed_settings, sealed_environment
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start("w0", TIERFLOW_KEYS="off")
            await worker.ready()
            await events.balance(BEFORE, 600_000)
            await events.settle()
            await applied(settings)
            assert (await newest(settings, settings.changelog_topic))[BEFORE.encode()][:1] != SEALED
            await worker.stop()
            worker = workers.start()
            await worker.ready()
            await events.balance(BEFORE, 6_000_000)
            for amount in (1, 600_000, 6_000_000):
                for customer in (ERASED, STAYS, *OTHERS):
                    await events.balance(customer, amount)
            await events.settle()
            await applied(settings)
            assert await changes_of(settings, ERASED) == (3, [1, 2, 3])
            states = await newest(settings, settings.changelog_topic)
            assert {(value or b"")[:1] for value in states.values()} == {SEALED}
            keys = await newest(settings, settings.keys_topic)
            assert keys.keys() == states.keys()

            await events.action(ERASED, "erase")
            await events.settle()
            worker.kill()
            worker.start_again()
            await applied(settings)
            keys = await newest(settings, settings.keys_topic)
            assert [key for key, value in keys.items() if value is None] == [ERASED.encode()]
            assert await changes_of(settings, ERASED) == (3, [])
            assert await changes_of(settings, STAYS) == (3, [1, 2, 3])
            left = (await newest(settings, settings.changelog_topic))[ERASED.encode()]
            assert is_numbers_alone(unpack_state(left or b""))
            assert (await newest(settings, settings.output_topic("current")))[ERASED.encode()] is None
            assert "was erased" in tierflow(environment, "explain", ERASED).err

            await events.balance(ERASED, 700_000)
            await events.settle()
            await applied(settings)
            await events.balance(ERASED, 7_000_000)
            await events.settle()
            await applied(settings)
            assert await changes_of(settings, ERASED) == (5, [4, 5])
    audited = tierflow(environment, "audit")
    assert (audited.status, audited.out.splitlines()[-1]) == (0, "clean")
    assert "are sealed by keys that are deleted, for customers who were erased (1)" in audited.out
    check_readers(environment)
    await check_another_master_key(settings, environment, tmp_path)


async def check_another_master_key(settings: Settings, environment: Mapping[str, str], tmp_path: Path) -> None:
    """Workers wrap all keys anew though no event comes; then the new master key alone opens all."""
    both, alone = with_another_master_key(environment, tmp_path)
    mark = marked(NEW)[:MARK_BYTES]
    with Workers(both, tmp_path) as workers:
        await workers.start("anew").ready()
        await until(lambda: all_are_by(mark, settings), 30, "all keys are wrapped by the new master key")
    audited = tierflow(alone, "audit")
    assert (audited.status, audited.out.splitlines()[-1]) == (0, "clean")
    explained = tierflow(alone, "explain", ERASED, "--json")
    assert json.loads(explained.out)["tier"] == "high", explained.err


def with_another_master_key(environment: Mapping[str, str], folder: Path) -> list[dict[str, str]]:
    """Gives the environment with the new master key before the old one, and with the new one alone."""
    old, new = Path(environment["TIERFLOW_KEYS_MASTER_FILE"]).read_text(), base64.b64encode(NEW).decode()
    found = list[dict[str, str]]()
    for name, text in (("both", f"{new}\n{old}"), ("alone", new)):
        file = folder / f"{name}.key"
        file.write_text(text)
        found.append({**environment, "TIERFLOW_KEYS_MASTER_FILE": str(file)})
    return found


async def all_are_by(mark: bytes, settings: Settings) -> bool:
    keys = await newest(settings, settings.keys_topic)
    return {mark_of(wrapped) for wrapped in keys.values() if wrapped is not None} == {mark}


def check_readers(environment: Mapping[str, str]) -> None:
    """Commands read what is sealed where they have the master key, and else say what they lack."""
    explained = tierflow(environment, "explain", ERASED, "--json")
    assert json.loads(explained.out)["tier"] == "high", explained.err
    watched = watch(environment, ERASED, 2)
    assert [json.loads(line)["sequence"] for line in watched.out.splitlines()] == [4, 5]
    without = {**environment, "TIERFLOW_KEYS": "off"}
    for said in (watch(without, STAYS, 1), tierflow(without, "explain", STAYS), tierflow(without, "worker")):
        assert said.status == 2
        assert "TIERFLOW_KEYS=on, and the master key" in said.err
        assert "Traceback" not in said.err


def watch(environment: Mapping[str, str], customer: str, limit: int) -> Said:
    options = ("--from-beginning", "--json", "--customer", customer, "--limit", str(limit))
    return tierflow(environment, "watch", *options)
