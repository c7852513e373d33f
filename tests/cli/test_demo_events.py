from collections import Counter
from typing import NamedTuple

import pytest

from streams.contracts.lines import EventLine
from streams.demo.events import CUSTOMERS_LIMIT, PIN_MS, Bank
from streams.demo.figures import grouped
from streams.engine.compile import load_policy
from streams.engine.events import TOPICS
from streams.partition import Partition, Work
from streams.rules import PartitionRules
from streams.settings import policy_folder

BEGAN_MS = 1_795_483_800_000
MINUTE_MS = 60_000
HAPPENINGS = 8_000
POLICY = load_policy((policy_folder() / "standard.toml").read_text(encoding="utf-8"))


class Read(NamedTuple):
    """A line as a record of a topic."""

    offset: int
    key: bytes | None
    value: bytes | None


def minute(bank: Bank, happenings: int = HAPPENINGS) -> list[list[EventLine]]:
    """What happens in a minute, evenly."""
    return [bank.happens(BEGAN_MS + number * MINUTE_MS // happenings) for number in range(happenings)]


@pytest.fixture(scope="module")
def worked() -> tuple[Bank, Work]:
    """The minute as one batch of one partition, and time moved on until the pins have ended."""
    bank = Bank(seed=1)
    partition = Partition(
        PartitionRules(0, POLICY, "event", [f"bank.{name}" for name in TOPICS], "/tierflow/test", lambda _: True)
    )
    ends = [0] * len(TOPICS)
    entries = []
    for line in (line for lines in minute(bank) for line in lines):
        entries += partition.decode(line.topic, [Read(ends[line.topic], line.key, line.value)])
        ends[line.topic] += 1
    return bank, partition.work(entries, ends, BEGAN_MS)


def test_the_same_seed_and_times_give_the_same_events() -> None:
    assert minute(Bank(seed=7), 500) == minute(Bank(seed=7), 500)
    assert minute(Bank(seed=7), 500) != minute(Bank(seed=8), 500)


def test_two_runs_have_no_event_id_in_common() -> None:
    first, second = Bank(seed=1).happens(BEGAN_MS), Bank(seed=1).happens(BEGAN_MS + 1)
    assert first[0].value != second[0].value


def test_only_the_intended_is_rejected(worked: tuple[Bank, Work]) -> None:
    _, work = worked
    assert set(work.reasons) == {"malformed", "invalid_field", "unknown_currency", "key_mismatch"}
    assert 0 < work.reasons.total() < HAPPENINGS * 0.02


def test_only_what_is_sent_twice_is_a_repeat(worked: tuple[Bank, Work]) -> None:
    bank, work = worked
    repeated = sum(count for (_, outcome), count in work.outcomes.items() if outcome == "repeated")
    assert repeated == bank.sent_twice > 0


def test_all_topics_have_events_that_are_applied(worked: tuple[Bank, Work]) -> None:
    assert {topic for topic, outcome in worked[1].outcomes if outcome == "applied"} == set(range(len(TOPICS)))


def test_customers_rise_all_the_time_and_fall_where_standing_takes_a_tier_at_once(worked: tuple[Bank, Work]) -> None:
    _, work = worked
    directions: Counter[str] = Counter()
    for (direction, _, tier), count in work.kinds.items():
        directions[f"{direction} to {tier}"] += count
    # Who is below a floor stays for 30 days of grace; default takes the tier at once.
    assert {"upgrade to mid", "upgrade to high", "downgrade to low"} <= set(directions)
    assert directions["upgrade to mid"] > 20


def test_pins_end_while_one_looks(worked: tuple[Bank, Work]) -> None:
    assert PIN_MS < MINUTE_MS / 2
    assert {"pin_set", "pin_ended"} <= {reason for _, reason, _ in worked[1].kinds}


def test_there_are_a_few_hundred_customers_in_every_tier(worked: tuple[Bank, Work]) -> None:
    tiers = worked[1].tiers
    assert tiers.total() == CUSTOMERS_LIMIT
    assert min(tiers[tier.id] for tier in POLICY.tiers) >= 5


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("500000.00", "500,000"), ("499999.9999", "499,999.99"), ("-12.5", "-12.50"), ("0.00", "0")],
)
def test_amounts_are_shown_to_the_cent_and_never_rounded_up(amount: str, shown: str) -> None:
    assert grouped(amount) == shown
