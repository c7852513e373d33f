"""What the writers write is what the structs of contracts/outputs.py say, byte for byte, for whatever is decided."""

from collections.abc import Sequence
from fractions import Fraction
from typing import get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.measures.figures import figures_of
from streams.engine.outcomes import (
    AlertReason,
    Direction,
    Group,
    LoanAlert,
    LoanCheck,
    LoanDecision,
    Offer,
    Reason,
    RiskMessage,
    TierChange,
    Trigger,
    Unrated,
)
from streams.partition.outgoing import Writers
from streams.partition.setup import PartitionSetup
from streams.policy.compile.load import load_policy
from streams.policy.loans import LoanOutcome, Stricter
from streams.policy.policy import Policy
from streams.settings import policy_folder
from streams.values.events import TOPICS, Cause
from streams.values.standings import STANDINGS
from tests.support.plain_messages import plain_change, plain_risk, plain_trigger

# A part of "100%" and a quote in whatever the policy and the settings name: no name means anything to a template.
ODD = 'a "b\\c" 100%s %b \u0007 \x00 客戶'
SETUPS = [
    PartitionSetup(3, policy, "wall", [f"{ODD}.{topic}" for topic in TOPICS], f"/{ODD}", lambda _: True)
    for policy in [
        *(load_policy(path.read_text("utf-8")) for path in sorted(policy_folder().glob("*.toml"))),
        msgspec.structs.replace(
            load_policy((policy_folder() / "standard.toml").read_text("utf-8")),
            name=ODD,
            caps={"fair": 1, "poor": 0, "default": 0},
            strategy_days=(20_000, 21_000),
        ),
    ]
]
WRITERS = [Writers(setup) for setup in SETUPS]
NUMBERS = range(len(SETUPS))
WITH_CAMPAIGNS = [number for number in NUMBERS if SETUPS[number].policy.campaigns]

texts = st.text(max_size=12) | st.sampled_from(["C001", "b-17", ODD])
instants = st.integers(min_value=0, max_value=4_000_000_000_000) | st.just(1_795_483_800_000)
amounts_e4 = st.integers(min_value=-(10**18), max_value=10**18) | st.sampled_from([0, 5, 100, 5_000_000_000])
figures_e16 = (
    amounts_e4.map(lambda amount: amount * 10**12)
    | st.integers(min_value=-(10**34), max_value=10**34)
    | st.fractions(min_value=0, max_value=Fraction(10**28))
)
offsets = st.integers(min_value=0, max_value=2**63 - 1)
next_offsets = st.tuples(*[st.sampled_from([0, 1, 1235]) | offsets for _ in TOPICS])
causes = st.builds(Cause, texts, st.sampled_from(range(len(TOPICS))), offsets, instants)


@st.composite
def changes(draw: st.DrawFn, policy: Policy) -> TierChange:
    tiers = st.sampled_from([tier.id for tier in policy.tiers])
    counts = st.integers(min_value=0, max_value=999).map(lambda count: count * 10**16)
    standings = st.sampled_from(range(len(STANDINGS))).map(lambda place: place * 10**16)
    of_kind = {"count": counts | figures_e16, "score": counts | figures_e16, "standing": standings}
    measures = tuple(draw(of_kind.get(measure.kind, figures_e16)) for measure in policy.measures)
    return TierChange(
        customer_id=draw(texts),
        sequence=draw(st.integers(min_value=1, max_value=2**31)),
        direction=draw(st.sampled_from(get_args(Direction))),
        previous_tier=draw(st.none() | tiers | st.just(ODD)),
        tier=draw(tiers),
        earned_tier=draw(tiers | st.just(ODD)),
        reason=draw(st.sampled_from(get_args(Reason))),
        decided_at_ms=draw(instants),
        figures=figures_of(measures, draw(figures_e16), draw(figures_e16), draw(figures_e16)),
        standing=draw(st.none() | st.sampled_from(STANDINGS)),
        cause=draw(st.none() | causes),
        unrated=tuple(
            draw(st.lists(st.builds(Unrated, st.sampled_from(["USD", "CHF"]), amounts_e4, amounts_e4), max_size=2))
        ),
    )


@st.composite
def triggers(draw: st.DrawFn, policy: Policy) -> Trigger:
    offer = Offer(
        period=draw(st.none() | st.just("2026-11")),
        amount_e4=draw(st.none() | amounts_e4),
        missing=draw(st.none() | figures_e16),
        due_ms=draw(st.none() | instants),
    )
    return Trigger(
        customer_id=draw(texts),
        campaign=draw(st.sampled_from(policy.campaigns)),
        tier=draw(texts),
        number=draw(st.integers(min_value=1, max_value=2**31)),
        group=draw(st.sampled_from(get_args(Group))),
        triggered_at_ms=draw(instants),
        offer=offer,
        cause=draw(st.none() | causes),
    )


maybe_figures = st.none() | figures_e16
checks = st.builds(
    LoanCheck,
    measure=texts,
    figure=maybe_figures,
    at_least=maybe_figures,
    more_than=maybe_figures,
    at_most=maybe_figures,
    word=st.none() | texts,
    equals=st.none() | texts,
    tier=st.none() | texts,
    outcome=st.none() | st.sampled_from(get_args(Stricter)),
    met=st.booleans(),
)
of_any_risk = {
    "customer_id": texts,
    "loan_id": texts,
    "tier": texts,
    "amount_e4": amounts_e4,
    "currency": st.sampled_from(["TWD", "USD"]),
    "decided_at_ms": instants,
    "checks": st.lists(checks, max_size=3).map(tuple),
    "cause": causes,
}
decisions = st.builds(
    LoanDecision,
    outcome=st.sampled_from(get_args(LoanOutcome)),
    is_new=st.booleans(),
    monitored_until_ms=st.none() | instants,
    **of_any_risk,
)
alerts = st.builds(
    LoanAlert,
    number=st.integers(min_value=1, max_value=2**31),
    reason=st.sampled_from(get_args(AlertReason)),
    monitored_until_ms=instants,
    **of_any_risk,
)


@given(data=st.data(), number=st.sampled_from(NUMBERS), reached=next_offsets, backfill=st.booleans())
def test_a_tier_change_is_written_as_its_struct_says(
    *, data: st.DataObject, number: int, reached: Sequence[int], backfill: bool
) -> None:
    change = data.draw(changes(SETUPS[number].policy))
    plain = plain_change(SETUPS[number], change, reached, backfill=backfill)
    assert WRITERS[number].changes.value(change, reached, backfill=backfill) == msgspec.json.encode(plain)


@given(st.data(), st.sampled_from(WITH_CAMPAIGNS))
def test_a_trigger_is_written_as_its_struct_says(data: st.DataObject, number: int) -> None:
    trigger = data.draw(triggers(SETUPS[number].policy))
    plain = plain_trigger(SETUPS[number], trigger)
    assert WRITERS[number].triggers.value(trigger) == msgspec.json.encode(plain)


@given(number=st.sampled_from(NUMBERS), risk=decisions | alerts, reached=next_offsets, backfill=st.booleans())
def test_a_risk_message_is_written_as_its_struct_says(
    *, number: int, risk: RiskMessage, reached: Sequence[int], backfill: bool
) -> None:
    plain = plain_risk(SETUPS[number], risk, reached, backfill=backfill)
    assert WRITERS[number].risks.value(risk, reached, backfill=backfill) == msgspec.json.encode(plain)
