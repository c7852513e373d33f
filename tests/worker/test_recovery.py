"""When lanes are taken over and started: between an assignment and the next revocation, and at no other time."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.tables.recovery import RebalanceAgain
from faust.types import TP

from streams.worker.frame.recovery import LaneRecovery


class Group:
    """An app whose partitions come and go as a test says, and a recovery that cannot be in a hurry."""

    def __init__(self) -> None:
        self.revocations = 0
        self.consumer_generation_id = 0
        self.tracer = None
        self.assignor = SimpleNamespace(assigned_standbys=set, assigned_actives=lambda: self.partitions)
        self.partitions: set[TP] = set()
        self.conf = SimpleNamespace(stream_recovery_delay=0.0)
        self.happened: list[str] = []
        self.may_take_over = asyncio.Event()
        self._rebalancing_span = None
        tables = SimpleNamespace(_changelogs={"changelog": SimpleNamespace(name="customers")})
        self.recovery = LaneRecovery(self, tables)
        self.recovery.add_active = lambda _, tp: self.recovery.active_tps.add(tp)
        self.recovery._resume_streams = self.resume
        self.troubles: list[Exception] = []
        self.goes_on = False

    async def take_up(self, assigned: frozenset[TP]) -> None:
        self.happened.append(f"take up {sorted(tp.partition for tp in assigned)}")

    async def take_over(self) -> None:
        self.happened.append("take over")
        await self.may_take_over.wait()

    async def resume_lanes(self) -> None:
        self.happened.append("resume the rest")

    async def resume(self, generation: int) -> None:
        self.happened.append(f"resume {generation}")
        if self.troubles:
            raise self.troubles.pop(0)

    def on_partitions_given(self) -> None:
        return

    def start_lanes(self) -> None:
        self.happened.append("start")

    async def revoke(self) -> None:
        self.revocations += 1
        self.happened.append("revoked")
        await settled()

    async def assign(self, *partitions: int) -> None:
        self.consumer_generation_id += 1
        self.partitions = {TP("changelog", partition) for partition in partitions}
        self.happened.append(f"assigned {sorted(partitions)}")
        await self.recovery.on_rebalance(self.partitions, set(), self.partitions, self.consumer_generation_id)
        await settled()


async def settled() -> None:
    """Lets every task go on until each waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def group() -> Any:
    made = Group()
    await made.recovery.start()
    yield made
    await made.recovery.stop()


async def test_lanes_start_once_for_an_assignment(group: Group) -> None:
    group.may_take_over.set()
    await group.revoke()
    await group.assign(0, 1)
    assert group.happened == ["revoked", "assigned [0, 1]", "take up [0, 1]", "take over", "resume 1", "start"]


async def test_nothing_starts_between_a_revocation_and_its_assignment(group: Group) -> None:
    """The first recovery takes so long that a second and a third worker join meanwhile.

    revoked, assigned 1 | long take-over ............................. ends |
                        | revoked, assigned 2 | revoked ................... | assigned 3
                                                        no lane may start here
    """
    await group.revoke()
    await group.assign(0, 1, 2, 3)
    await group.revoke()
    await group.assign(0, 1)
    await group.revoke()
    group.may_take_over.set()
    await settled()
    assert "start" not in group.happened
    await group.assign(0)
    assert group.happened[-4:] == ["take up [0]", "take over", "resume 3", "start"]
    assert group.happened.count("start") == 1


async def test_an_assignment_while_the_inputs_are_sought_begins_again(group: Group) -> None:
    group.may_take_over.set()
    group.troubles = [RebalanceAgain()]
    await group.revoke()
    await group.assign(0)
    await group.revoke()
    await group.assign(1)
    assert group.happened[-4:] == ["take up [1]", "take over", "resume 2", "start"]


async def test_what_stays_goes_on_while_the_rest_is_taken_over(group: Group) -> None:
    group.goes_on = True
    await group.revoke()
    await group.assign(0, 1)
    assert group.happened[-4:] == ["take up [0, 1]", "resume 1", "start", "take over"]
    group.may_take_over.set()
    await settled()
    assert group.happened[-2:] == ["resume the rest", "start"]


async def test_the_rest_does_not_start_after_a_revocation(group: Group) -> None:
    group.goes_on = True
    await group.revoke()
    await group.assign(0, 1)
    await group.revoke()
    group.may_take_over.set()
    await settled()
    assert group.happened[-2:] == ["take over", "revoked"]
