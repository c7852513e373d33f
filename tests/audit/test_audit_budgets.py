"""What budgets grant is held against the candidates, and these against the replay."""

from collections.abc import Callable, Sequence

import pytest
from aiokafka import TopicPartition

from streams.audit.run import audit
from streams.audit.states import read_states
from streams.kafka.offsets import Offsets
from streams.kafka.tape import Tape
from streams.partition.budgets import Budgets
from streams.partition.work import CAMPAIGNS, CANDIDATES, NO_LIMIT, Message, Work
from streams.policy.compile.load import load_policy
from streams.settings import Settings, policy_folder
from streams.stages.budgets import budgets_stage
from streams.stages.placing import place_of_campaigns
from streams.stages.stage import Output, Place
from streams.worker.transactions import Transactions
from tests.support.handmade_logs import PARTITIONS, START_MS, Writing, balance, customers_of
from tests.support.works import damaged

A, B, C = customers_of(0, 3)
POLICY = load_policy(
    (policy_folder() / "assets-only.toml").read_text()
    + """
[[campaigns]]
id = "gift"
kind = "gift"
at_least = "1000"
within_days = 30
budget = { triggers = 2 }
"""
)


Damage = Callable[[list[Message]], list[Message]]


def softened(triggers: list[Message]) -> list[Message]:
    (key, value, headers), *others = triggers
    return [Message(key, (value or b"").replace(b"1000", b"1001"), headers[:-1]), *others]


def under_another(triggers: list[Message]) -> list[Message]:
    return [triggers[0]._replace(key=C.encode()), *triggers[1:]]


async def found(
    settings: Settings,
    on_the_way: Damage = list,
    granted: Damage = list,
    place: Place | None = None,
) -> list[str]:
    """Three customers ask for a gift of two, and what is written of that is damaged: what the audit finds."""
    writing = Writing(settings)
    writing.policy = POLICY
    async with writing:
        writer = await writing.writer(0)
        customers = [balance(f"b{number}", customer, "1000", START_MS) for number, customer in enumerate((A, B, C))]
        await writer.batch(customers, damage=damaged(CANDIDATES, on_the_way))
    await grant(settings, damaged(CAMPAIGNS, granted), place)
    return await told(settings)


async def told(settings: Settings) -> list[str]:
    report = await audit(settings)
    topics = {settings.candidates_topic: "candidates", settings.budgets_changelog_topic: "spent"}
    return [
        f"{topics.get(difference.topic, 'campaigns')} {difference.what.partition(':')[0]} {difference.kind}"
        + "".join(f"; {field.field}: {field.topic} / {field.replay}" for field in difference.fields)
        for difference in report.found
    ]


async def grant(
    settings: Settings,
    damage: Callable[[Work], Work] = lambda work: work,
    place: Place | None = None,
    *,
    goes_on: bool = False,
) -> None:
    """What a lane of budgets does, once. place: where the triggers go instead of to their customers' partitions.

    goes_on: it takes up what a lane before has left, and does not begin anew.
    """
    stage, number = budgets_stage(settings), place_of_campaigns()(b"gift", PARTITIONS)
    if place is not None:
        stage = stage._replace(outputs={CAMPAIGNS: Output(settings.output_topic(CAMPAIGNS), place)})
    tp = TopicPartition(settings.candidates_topic, number)
    async with Offsets(settings.client_options()) as offsets:
        recovered = await read_states(settings.client_options(), offsets, stage.changelog, number)
        budgets = Budgets(recovered.packed, recovered.lane) if goes_on else Budgets()
        tape = Tape(settings.client_options(), tp, budgets.next_offsets[0], (await offsets.written_ends([tp]))[0])
    transactions = Transactions(settings.client_options(), stage, number)
    try:
        await transactions.start()
        candidates = await tape.before(tape.end)
        budgets.work_some(budgets.decode(0, candidates), 0, NO_LIMIT)
        await transactions.commit(damage(budgets.pack([candidates[-1].offset + 1])))
    finally:
        await tape.close()
        await transactions.stop()


@pytest.mark.parametrize(
    ("damage", "differences"),
    [
        (list, []),
        (lambda triggers: triggers[:1], [f"campaigns {B} missing"]),
        (lambda triggers: triggers * 2, [f"campaigns {A} doubled", f"campaigns {B} doubled"]),
        (softened, [f"campaigns {A} different"]),
        (lambda triggers: triggers[::-1], [f"campaigns {B} out_of_order"]),
        (under_another, [f'campaigns {A} different; key: "{C}" / "{A}"']),
    ],
)
async def test_grants_follow_from_their_candidates(settings: Settings, damage: Damage, differences: list[str]) -> None:
    assert await found(settings, granted=damage) == differences


@pytest.mark.parametrize(
    ("damage", "differences"),
    [
        # C has the gift that A's candidate would have had.
        (lambda candidates: candidates[1:], [f"candidates {A} missing"]),
        (lambda candidates: candidates * 2, [f"candidates {name} doubled" for name in (A, B, C)]),
        (lambda candidates: [candidates[0], *candidates[:0:-1]], [f"candidates {C} out_of_order"]),
        (
            lambda candidates: [candidates[0]._replace(key=b"other"), *candidates[1:]],
            [f'candidates {A} different; key: "other" / "gift"'],
        ),
    ],
)
async def test_candidates_are_those_of_the_replay(settings: Settings, damage: Damage, differences: list[str]) -> None:
    assert await found(settings, on_the_way=damage) == differences


async def test_a_grant_is_in_the_partition_of_its_customer(settings: Settings) -> None:
    assert await found(settings, place=lambda *_: 3) == [
        f"campaigns {name} different; partition: 3 / 0" for name in (A, B)
    ]


async def test_what_is_spent_is_held_against_the_replay(settings: Settings) -> None:
    def forget(work: Work) -> Work:
        return work._replace(
            states={key: state.replace(b'"triggers":2', b'"triggers":1') for key, state in work.states.items()}
        )

    await found(settings)
    assert await told(settings) == []
    await grant(settings, forget)
    assert 'spent the state of ["gift",""] different' in await told(settings)


async def test_candidates_that_come_meanwhile_are_no_difference(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are all that these transactions write for others: no tier changes, nothing is left to be explained there."""
    really = Offsets.decided_ends
    writing = Writing(settings)
    writing.policy = POLICY
    async with writing:
        writer = await writing.writer(0)
        await writer.batch([balance(f"b{customer}", customer, "5") for customer in (A, B, C)])

        async def decided_ends(self: Offsets, tps: Sequence[TopicPartition]) -> list[int]:
            monkeypatch.undo()
            ends = await really(self, tps)
            for number, customer in enumerate((A, B, C), 1):
                await writer.batch([balance(f"c{customer}", customer, "1000", START_MS + number)])
            await grant(settings)
            return ends

        monkeypatch.setattr(Offsets, "decided_ends", decided_ends)
        report = await audit(settings)
    assert report.found == []
    assert (report.transactions, report.later_transactions, report.candidates) == (1, 3, 3)
