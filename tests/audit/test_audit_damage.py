"""Each kind of damage to what was written gives exactly its difference."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from streams.audit.report import Difference
from streams.audit.run import audit
from streams.partition.work import CAMPAIGNS, CHANGES, CURRENT, DEAD_LETTERS, ERASURES, ORDER, RISK, Message, Work
from streams.settings import Settings
from tests.support.handmade_logs import START_MS, Input, LogWriter, Writing, action, balance, customers_of, loan
from tests.support.works import damaged, order_of

A, B, C = customers_of(0, 3)
Damage = Callable[[list[Message]], list[Message]]

FIRST = [balance("b1", A, "600000"), Input("loans", b"{", A.encode()), balance("b2", B, "1")]
SECOND = [
    balance("b3", A, "1", START_MS + 1),
    balance("b4", B, "6000000", START_MS + 2),
    Input("loans", b"[", B.encode()),
]
THIRD = [balance("b5", A, "5000000", START_MS + 3), balance("b6", C, "5", START_MS + 4)]


async def worked_damaged(settings: Settings, damage: Callable[[Work], Work]) -> list[str]:
    """Three batches in partition 0, the second one damaged on its way to the topics: what the audit finds."""
    async with Writing(settings) as writing:
        writer = await writing.writer(0)
        await writer.batch(FIRST)
        await writer.batch(SECOND, damage=damage)
        await writer.batch(THIRD)
    return await found(settings)


async def found(settings: Settings) -> list[str]:
    report = await audit(settings)
    assert len(report.found) == report.differences
    return [_told(difference, settings) for difference in report.found]


def _told(difference: Difference, settings: Settings) -> str:
    fields = "".join(f"; {field.field}: {field.topic} / {field.replay}" for field in difference.fields)
    topic = difference.topic.removeprefix(settings.output_prefix).replace(settings.changelog_topic, "changelog")
    at = "" if difference.transaction is None else f" in {difference.transaction}"
    return f"{topic} {difference.what} {difference.kind}{at}{fields}"


def change_value(changes: list[Message]) -> list[Message]:
    (key, value, headers), *others = changes
    return [Message(key, (value or b"").replace(b'"value":"1.00"', b'"value":"2.00"'), headers), *others]


def change_header(changes: list[Message]) -> list[Message]:
    (key, value, headers), *others = changes
    return [Message(key, value, [*headers[:-1], ("content-type", b"text/plain")]), *others]


def soften(risks: list[Message]) -> list[Message]:
    ((key, value, headers),) = risks
    softer = (value or b"").replace(b'"outcome":"refer","customer"', b'"outcome":"standard","customer"')
    return [Message(key, softer, headers)]


def spaced(changes: list[Message]) -> list[Message]:
    """The same JSON, written otherwise."""
    return [Message(key, (value or b"").replace(b'":', b'": '), headers) for key, value, headers in changes]


def nothing(_: list[Message]) -> list[Message]:
    return []


@pytest.mark.parametrize(
    ("output", "damage", "differences"),
    [
        (CHANGES, spaced, []),
        (CHANGES, lambda changes: changes[1:], [f"changes {A}:2 missing in 2"]),
        (CHANGES, nothing, [f"changes {A}:2 missing in 2", f"changes {B}:2 missing in 2"]),
        (CHANGES, lambda changes: [changes[0], *changes], [f"changes {A}:2 doubled"]),
        (CHANGES, lambda changes: changes[::-1], [f"changes {B}:2 out_of_order in 2"]),
        (CHANGES, change_value, [f'changes {A}:2 different in 2; value: "2.00" / "1.00"']),
        (
            CHANGES,
            change_header,
            [f'changes {A}:2 different in 2; header.content-type: "text/plain" / "application/json"'],
        ),
        (DEAD_LETTERS, nothing, ["dead-letters {loans} offset 1 missing in 2"]),
        (DEAD_LETTERS, lambda letters: letters * 2, ["dead-letters {loans} offset 1 doubled"]),
        (
            CURRENT,
            lambda current: [newest for newest in current if newest.key == A.encode()],
            [f"current the newest change of {B} different; id: {B}:1 / {B}:2"],
        ),
    ],
)
async def test_each_damage_gives_exactly_its_difference(
    settings: Settings, output: str, damage: Damage, differences: list[str]
) -> None:
    loans = settings.input_topic("loans")
    assert await worked_damaged(settings, damaged(output, damage)) == [
        difference.format(loans=loans) for difference in differences
    ]


@pytest.mark.parametrize(
    ("output", "damage", "differences"),
    [
        (CAMPAIGNS, list, []),
        (CAMPAIGNS, nothing, [f"campaigns {A}:account-opening-gift:1 missing in 1"]),
        (CAMPAIGNS, lambda campaigns: campaigns * 2, [f"campaigns {A}:account-opening-gift:1 doubled"]),
        (RISK, nothing, [f"risk {A}:L1:decision missing in 1"]),
        (RISK, lambda risks: risks * 2, [f"risk {A}:L1:decision doubled"]),
        (RISK, soften, [f'risk {A}:L1:decision different in 1; outcome: "standard" / "refer"']),
    ],
)
async def test_campaigns_and_risk_are_audited(
    settings: Settings, output: str, damage: Damage, differences: list[str]
) -> None:
    async with Writing(settings, "standard") as writing:
        writer = await writing.writer(0)
        await writer.batch([balance("b1", A, "1000"), loan("l1", A, "300000")], damage=damaged(output, damage))
        await writer.batch([balance("b2", A, "2000", START_MS + 1)])
    assert await found(settings) == differences


@pytest.mark.parametrize(
    ("damage", "differences"),
    [
        (list, []),
        (nothing, [f"erasures {A}:erased:{START_MS + 1} missing in 1"]),
        (lambda erasures: erasures * 2, [f"erasures {A}:erased:{START_MS + 1} doubled"]),
    ],
)
async def test_erasures_are_audited(settings: Settings, damage: Damage, differences: list[str]) -> None:
    async with Writing(settings) as writing:
        writer = await writing.writer(0)
        erase = action("e1", A, "erase", START_MS + 1)
        await writer.batch([balance("b1", A, "600000"), erase], damage=damaged(ERASURES, damage))
        await writer.batch([balance("b2", A, "1", START_MS + 2), action("e2", A, "erase", START_MS + 3)])
    assert await found(settings) == differences


async def test_a_batch_worked_in_another_order_differs(settings: Settings) -> None:
    async with Writing(settings) as writing:
        writer = await writing.writer(0)
        await writer.batch([balance("b1", A, "600000"), action("p1", B, "opt_out")])
        late = balance("b2", A, "1", START_MS + 1)
        await writer.batch([late, balance("b3", A, "5000000", START_MS + 2)], shuffle=lambda entries: entries[::-1])
    told = await found(settings)
    assert told
    expected = (f"changes {A}:", "current the newest change", f"changelog the state of {A} different")
    assert all(difference.startswith(expected) for difference in told)


async def test_a_foreign_change_is_extra(settings: Settings) -> None:
    async with Writing(settings) as writing:
        writer = await writing.writer(0)
        await writer.batch(FIRST)
        topic = settings.output_topic("changes")
        forged = b'{"customer_id":"X1","sequence":1,"tier":"high"}'
        await writing.foreign.send_and_wait(topic, forged, key=b"X1", partition=0)
        await writing.foreign.send_and_wait(topic, b"no change at all", key=b"X1", partition=0)
        await writer.batch(SECOND)
        await writing.foreign.send_and_wait(topic, forged, key=b"X1", partition=3)
    told = await found(settings)
    assert sorted(told) == ["changes X1:1 extra", "changes X1:1 extra", "changes a record of unknown form extra"]


async def test_a_foreign_newest_change_is_extra(settings: Settings) -> None:
    async with Writing(settings) as writing:
        await (await writing.writer(0)).batch(FIRST)
        topic = settings.output_topic("current")
        await writing.foreign.send_and_wait(topic, b"{}", key=b"X1", partition=0)
    assert await found(settings) == ["current the newest change of X1 extra; id:  / None"]


async def lose_order(writer: LogWriter, _: Settings) -> None:
    transactions = writer.transactions
    stage = transactions._stage
    transactions._stage = stage._replace(outputs={**stage.outputs, ORDER: stage.outputs[RISK]})
    await writer.batch(SECOND)
    transactions._stage = stage


async def double_order(writer: LogWriter, settings: Settings) -> None:
    work = await writer.batch(SECOND)
    await writer.producer.send_and_wait(settings.output_topic("order"), order_of(work), partition=0)


def order_written(instead_of: bytes, other: bytes) -> Callable[[Work], Work]:
    """What writes something else into the record of the order."""

    def damage(orders: list[Message]) -> list[Message]:
        return [Message(key, (value or b"").replace(instead_of, other), headers) for key, value, headers in orders]

    return damaged(ORDER, damage)


async def spoil_positions(writer: LogWriter, _: Settings) -> None:
    await writer.batch(SECOND, damage=order_written(b"[2,4]", b"[3,4]"))


@pytest.mark.parametrize(
    ("spoil", "difference", "transactions", "notes"),
    [
        (lose_order, "order transaction 2 missing", 1, 1),
        (double_order, "order transaction 2 doubled in 2", 3, 0),
        (spoil_positions, "order transaction 2 different in 2; positions.{balances}: 3 to 4 / from 2", 1, 1),
    ],
)
async def test_a_broken_order_is_said_and_nothing_after_it_is_guessed(
    settings: Settings,
    spoil: Callable[[LogWriter, Settings], Awaitable[None]],
    difference: str,
    transactions: int,
    notes: int,
) -> None:
    async with Writing(settings) as writing:
        writer = await writing.writer(0)
        await writer.batch(FIRST)
        await spoil(writer, settings)
        await writer.batch(THIRD)
    report = await audit(settings)
    told = [_told(found, settings) for found in report.found]
    assert told == [difference.format(balances=settings.input_topic("balances"))]
    assert (report.transactions, len(report.notes)) == (transactions, notes)


async def test_an_event_clock_that_was_written_wrong_differs(settings: Settings) -> None:
    async with Writing(settings, clock="event") as writing:
        writer = await writing.writer(0)
        await writer.batch(FIRST, damage=order_written(b"800000", b"800001"))
    assert await found(settings) == [f"order transaction 1 different in 1; clock_ms: {START_MS + 1} / {START_MS}"]


States = dict[bytes, bytes]


def with_states(damage: Callable[[States], States]) -> Callable[[Work], Work]:
    """What damages the states on their way to the changelog."""
    return lambda work: work._replace(states=damage(work.states))


def of_another(states: States) -> States:
    return {**states, A.encode(): states[C.encode()]}


def without_c(states: States) -> States:
    return {key: state for key, state in states.items() if key != C.encode()}


def another_lane(work: Work) -> Work:
    return work._replace(lane=msgspec.structs.replace(work.lane, clock_ms=1))


@pytest.mark.parametrize(
    ("damage", "differences"),
    [
        (with_states(dict), []),
        (with_states(of_another), [f"changelog the state of {A} different in 2"]),
        (with_states(without_c), [f"changelog the state of {C} missing in 2"]),
        (with_states(lambda states: {**states, b"X": states[C.encode()]}), ["changelog the state of X extra in 2"]),
        (
            another_lane,
            [f"changelog the lane record different in 2; clock_ms: 1 / {START_MS}"],
        ),
    ],
)
async def test_the_states_are_those_of_the_replay(
    settings: Settings, damage: Callable[[Work], Work], differences: list[str]
) -> None:
    async with Writing(settings) as writing:
        writer = await writing.writer(0)
        await writer.batch(FIRST)
        await writer.batch(THIRD, damage=damage)
    assert await found(settings) == differences


async def test_a_state_in_an_older_form_is_no_difference(settings: Settings) -> None:
    """A release before, with a field fewer, wrote the newest state of the customer."""

    def older(states: States) -> States:
        return {
            key: state[:1] + msgspec.msgpack.encode(msgspec.msgpack.decode(state[1:])[:-1])
            for key, state in states.items()
        }

    async with Writing(settings) as writing:
        await (await writing.writer(0)).batch(FIRST, damage=with_states(older))
    assert await found(settings) == []


async def test_an_empty_changelog_is_said(settings: Settings) -> None:
    async with Writing(settings) as writing:
        writer = await writing.writer(0)
        stage = writer.transactions._stage
        writer.transactions._stage = stage._replace(changelog=settings.output_topic("dead-letters-replayed"))
        await writer.batch(FIRST)
    assert await found(settings) == ["changelog the lane record, and all states, missing"]
