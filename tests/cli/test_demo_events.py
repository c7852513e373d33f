import json
from collections import Counter
from collections.abc import Sequence
from difflib import ndiff
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from streams.contracts.event_line import EventLine
from streams.demo.events import CUSTOMERS_LIMIT, OLD_CUSTOMERS, PIN_MS, Bank
from streams.demo.play import EVENTS_PER_S
from streams.demo.policy import write_demo_policy
from streams.errors import UsageError
from streams.languages.writing import grouped
from streams.partition.customers import Customers
from streams.partition.setup import PartitionSetup
from streams.partition.work import CURRENT, ORDER
from streams.policy.compile.load import load_policy
from streams.settings import policy_folder, read_policy_file
from streams.values.events import TOPICS
from tests.support.works import counted

BEGAN_MS = 1_795_483_800_000
SECONDS = 45
STANDARD = policy_folder() / "standard.toml"
SEEDS = (1, 2, 3)


class Read(NamedTuple):
    """A line as a record of a topic."""

    offset: int
    key: bytes | None
    value: bytes | None


class Demo:
    """The demo without Kafka: one partition on the wall clock, a batch a second."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.policy = read_policy_file(write_demo_policy(STANDARD, folder), "demo")
        self.bank = Bank(seed)
        topics = [f"bank.{name}" for name in TOPICS]
        rules = PartitionSetup(0, self.policy, "wall", topics, "/tierflow/test", lambda _: True)
        self.partition = Customers(rules)
        self.partition.backfill = True
        self.ends = [0] * len(TOPICS)
        self.outcomes: Counter[tuple[str, ...]] = Counter()
        self.dead: Counter[str] = Counter()
        self.tiers: Counter[str] = Counter()
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.work(self.bank.opens(BEGAN_MS), BEGAN_MS)
        self.history, self.log = self.log, []
        self.partition.backfill = False

    def work(self, lines: Sequence[EventLine], now_ms: int) -> None:
        entries = []
        for line in lines:
            entries += self.partition.decode(line.topic, [Read(self.ends[line.topic], line.key, line.value)])
            self.ends[line.topic] += 1
        work = self.partition.work(entries, list(self.ends), now_ms)
        self.partition.keep(work)
        self.outcomes += counted(work, "events")
        self.dead.update({reason: count for (reason,), count in counted(work, "dead_letters").items()})
        self.tiers.update({tier: count for (tier,), count in counted(work, "customers").items()})
        told = [(topic, message) for topic, message in work.messages if topic not in {CURRENT, ORDER}]
        self.log += [(topic, json.loads(message.value or b"")) for topic, message in told]

    def play(self, seconds: int) -> None:
        sent = 0
        for second in range(1, seconds + 1):
            lines: list[EventLine] = []
            while sent + len(lines) < second * EVENTS_PER_S:
                lines += self.bank.happens(BEGAN_MS + (sent + len(lines)) * 1000 // EVENTS_PER_S)
            sent += len(lines)
            self.work(lines, BEGAN_MS + second * 1000)

    def told(self, topic: str) -> list[dict[str, Any]]:
        return [message for name, message in self.log if name == topic]


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Demo]:
    played = [Demo(seed, tmp_path_factory.mktemp("demo")) for seed in SEEDS]
    for demo in played:
        demo.play(SECONDS)
    return played


@pytest.fixture(scope="module")
def demo(demos: Sequence[Demo]) -> Demo:
    return demos[0]


def some(bank: Bank, happenings: int = 500) -> list[list[EventLine]]:
    return [bank.opens(BEGAN_MS), *(bank.happens(BEGAN_MS + number * 7) for number in range(happenings))]


def test_the_same_seed_and_times_give_the_same_events() -> None:
    assert some(Bank(seed=7)) == some(Bank(seed=7))
    assert some(Bank(seed=7)) != some(Bank(seed=8))


def test_two_runs_have_no_event_id_in_common() -> None:
    first, second = Bank(seed=1).happens(BEGAN_MS), Bank(seed=1).happens(BEGAN_MS + 1)
    assert first[0].value != second[0].value


def test_only_the_intended_is_rejected(demo: Demo) -> None:
    assert set(demo.dead) == {"malformed", "invalid_field", "unknown_currency", "key_mismatch"}
    assert 0 < demo.dead.total() < SECONDS * EVENTS_PER_S * 0.02


def test_only_what_is_sent_twice_is_a_repeat(demo: Demo) -> None:
    repeated = sum(count for (_, outcome), count in demo.outcomes.items() if outcome == "repeated")
    assert repeated == demo.bank.sent_twice > 0


def test_all_topics_have_events_that_are_applied(demo: Demo) -> None:
    assert {topic for topic, outcome in demo.outcomes if outcome == "applied"} == {f"bank.{topic}" for topic in TOPICS}


def test_there_are_a_few_hundred_customers_in_every_tier(demo: Demo) -> None:
    assert OLD_CUSTOMERS < demo.tiers.total() <= CUSTOMERS_LIMIT
    assert min(demo.tiers[tier.id] for tier in demo.policy.tiers) >= 5


def test_customers_rise_all_the_time_and_fall_where_a_pin_or_standing_takes_a_tier_at_once(demo: Demo) -> None:
    moves = Counter((change["direction"], change["tier"]) for change in demo.told("changes"))
    # Who is below a floor stays for 30 days of grace.
    assert {("upgrade", "mid"), ("upgrade", "high"), ("downgrade", "low")} <= set(moves)
    assert moves["upgrade", "mid"] > 10


def test_pins_end_while_one_looks(demo: Demo) -> None:
    assert PIN_MS < SECONDS * 1000 / 2
    assert {"pin_set", "pin_ended"} <= {change["reason"] for change in demo.told("changes")}


def test_no_campaign_comes_of_history(demo: Demo) -> None:
    assert {topic for topic, _ in demo.history} == {"changes"}
    assert all(change["backfill"] for _, change in demo.history)


@pytest.mark.parametrize("seed", SEEDS)
def test_gifts_nudges_and_welcomes_come_all_the_time(demos: Sequence[Demo], seed: int) -> None:
    triggers = demos[SEEDS.index(seed)].told("campaigns")
    counts = Counter(trigger["campaign"] for trigger in triggers)
    assert set(counts) == {"account-opening-gift", "near-mid", "welcome-mid", "welcome-high"}
    assert min(counts.values()) >= 10
    nudges = [trigger for trigger in triggers if trigger["campaign"] == "near-mid"]
    assert all(0 < float(nudge["missing"]) <= 50_000 for nudge in nudges)
    halves = Counter(trigger["triggered_at"] < "2026-11-24T09:30:15" for trigger in triggers)
    assert min(halves.values()) > 15


@pytest.mark.parametrize("seed", SEEDS)
def test_loans_are_decided_each_way_and_watched(demos: Sequence[Demo], seed: int) -> None:
    messages = demos[SEEDS.index(seed)].told("risk")
    decided = [message for message in messages if message["kind"] == "decision"]
    assert min(Counter(message["outcome"] for message in decided).values()) >= 8
    met = {
        (message["outcome"], condition["measure"])
        for message in decided
        for condition in message["conditions"]
        if condition["met"]
    }
    assert {("refer", "amount"), ("enhanced", "amount"), ("enhanced", "standing"), ("enhanced", "fresh_assets")} <= met
    assert {message.get("reason") for message in messages} == {None, "assets_fell", "standing_worse"}


def test_the_first_seconds_show_an_upgrade_a_gift_a_nudge_and_an_enhanced_loan(tmp_path: Path) -> None:
    demo = Demo(1, tmp_path)
    demo.play(8)
    assert "upgrade" in {change["direction"] for change in demo.told("changes")}
    assert {"account-opening-gift", "near-mid"} <= {trigger["campaign"] for trigger in demo.told("campaigns")}
    assert "enhanced" in {message.get("outcome") for message in demo.told("risk")}


def test_the_demos_policy_is_standard_but_for_its_name_and_what_is_waited_for(demo: Demo) -> None:
    standard = load_policy(STANDARD.read_text(encoding="utf-8"))
    assert demo.policy.name == "demo"
    written, lines = demo.policy.document.splitlines(), STANDARD.read_text(encoding="utf-8").splitlines()
    assert [line for line in ndiff(lines, written[1:]) if line[:2] in ("- ", "+ ")] == [
        '- name = "standard"',
        '+ name = "demo"',
        "- for_days = 3",
        "+ for_days = 0",
        *["+ settles_seconds = 0"] * 2,
    ]
    assert [tier.enter for tier in demo.policy.tiers] == [tier.enter for tier in standard.tiers]


@pytest.mark.parametrize("other", ["for_days = 4", "for_days = 3\nfor_days = 3"])
def test_a_standard_that_says_it_otherwise_is_no_demo(other: str, tmp_path: Path) -> None:
    changed = tmp_path / "standard.toml"
    changed.write_text(STANDARD.read_text(encoding="utf-8").replace("for_days = 3", other), encoding="utf-8")
    with pytest.raises(
        UsageError, match=r"for_days = 0 in the place of the line for_days = 3, which is there [02] times"
    ):
        write_demo_policy(changed, tmp_path)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("500000.00", "500,000"),
        ("499999.9999", "499,999.99"),
        ("-12.5", "-12.50"),
        ("0.00", "0"),
        ("1" + "0" * 30, "1" + ",000" * 10),
    ],
)
def test_amounts_are_shown_to_the_cent_and_never_rounded_up(amount: str, shown: str) -> None:
    assert grouped(amount) == shown
