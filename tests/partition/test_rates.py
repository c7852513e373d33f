"""Rates of a topic: who is looked at again when other ones hold, and that it can be worked once more from the order."""

import json
import sys
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from streams.audit.order import Order, check_replayable, order_of
from streams.audit.rates import RatesThen
from streams.contracts.kept import LaneRecord
from streams.contracts.packing import unpack_state
from streams.contracts.rates import take_rate
from streams.contracts.rates_read import NOTHING_READ
from streams.engine.measures.accounts import is_converted
from streams.errors import UsageError
from streams.partition.customers import Customers
from streams.partition.heads import merge_heads
from streams.partition.outputs import sent_to
from streams.partition.work import CHANGES, DEAD_LETTERS, ORDER, Quota, Work
from streams.policy.compile.load import load_policy
from streams.policy.day_rates import with_rates
from streams.settings import Settings
from streams.stages.customers import partition_setup
from streams.values.calendar import DAY_MS, HOUR_MS, NEVER_MS
from streams.values.events import TOPICS
from tests.support.laws import laws

POLICY = load_policy(
    """
name = "by-topic"
version = 1
currency = "TWD"
rates = "topic"

[[tiers]]
id = "low"

[[tiers]]
id = "mid"
at_least = "500000"
"""
)
SETTINGS = Settings.from_environment({"TIERFLOW_RATES": "on", "TIERFLOW_PARTITIONER": "none"}, dotenv=None)
MONDAY_MS = 1_767_542_400_000  # 2026-01-05 00:00 in Taipei
NO_LIMIT = Quota(sys.maxsize, sys.maxsize)
BEGINNING = LaneRecord((0,) * len(TOPICS), 0, NEVER_MS)


class Record(NamedTuple):
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 0


class Bank:
    """One partition, its inputs and the topic of rates; works a batch at a time, as a lane does."""

    def __init__(self) -> None:
        self.read = NOTHING_READ
        self.rates: list[Record] = []
        self.balances: list[Record] = []
        self.works: list[Work] = []
        self.partition = self.opened({}, BEGINNING, None)

    def opened(self, packed: dict[bytes, bytes], lane: LaneRecord, former: Customers | None) -> Customers:
        setup = partition_setup(SETTINGS, with_rates(POLICY, self.read.table), 0, 1)
        made = Customers(setup._replace(refused_rates=self.read.refused), packed, lane, takes_up=False)
        for _ in made.taking_up() if former is None else made.taking_up_from(former):
            pass
        return made

    def knows(self, *rates: tuple[str, str, int]) -> None:
        """Rates are read: currency, rate, and how many days after Monday they are of."""
        for currency, rate, day in rates:
            told = {"currency": currency, "against": "TWD", "rate": rate, "at": MONDAY_MS + day * DAY_MS}
            record = Record(len(self.rates), None, json.dumps(told).encode())
            self.rates.append(record)
            self.read = take_rate(self.read, *record[:3])
        self.partition = self.opened(self.partition.packed, self.partition.lane, self.partition)

    def starts_again(self) -> None:
        """Another worker takes over: all that it has is what was committed."""
        self.partition = self.opened(dict(self.partition.packed), self.partition.lane, None)

    def works_batch(
        self, at_ms: int, events: Iterable[tuple[str, int, str]] = (), quota: Quota = NO_LIMIT
    ) -> list[str]:
        """Works balances of customers, and what is due; gives the tier changes in short."""
        records = []
        for customer, amount, currency in events:
            number = len(self.balances)
            value = {"event_id": f"b{number}", "customer_id": customer, "account_id": "a", "balance": str(amount)}
            value |= {"currency": currency, "as_of": at_ms}  # type: ignore[dict-item]
            records.append(Record(number, customer.encode(), json.dumps(value).encode()))
            self.balances.append(records[-1])
        queues = [deque(self.partition.decode(topic, records if topic == 0 else [])) for topic in range(len(TOPICS))]
        entries = merge_heads(queues, frozenset(), sys.maxsize, self.partition.latest_ms(at_ms))
        self.partition.work_some(entries, at_ms, quota)
        work = self.partition.pack([len(self.balances), *self.partition.next_offsets[1:]])
        self.partition.keep(work)
        self.works.append(work)
        return [short(message.value) for message in sent_to(work, CHANGES)]

    def audited(self) -> None:
        """Works all batches once more as the audit does, and holds everything against what was written."""
        order = Order(SETTINGS, {POLICY.digest: POLICY}, 0, 1, BEGINNING, RatesThen(self.rates))
        at = 0
        for work in self.works:
            [told] = sent_to(work, ORDER)
            record = order_of(told)
            assert record is not None
            end = order.next_offsets(record)[0]
            again = order.work(record, [self.balances[at:end], *([] for _ in TOPICS[1:])])
            at = end
            assert again.messages == work.messages
            assert again.states == work.states
            assert replace(again.lane, looking=UNSET) == replace(work.lane, looking=UNSET)


def short(value: bytes | None) -> str:
    change = json.loads(value or b"")
    rates = " ".join(f"{rate['currency']} {rate['rate']} of {rate['day'][-2:]}" for rate in change.get("rates", ()))
    return f"{change['customer_id']} {change['tier']} {change['reason']} {rates}".strip()


def test_rates_that_come_look_at_those_who_hold_other_currencies_and_at_nobody_else() -> None:
    bank = Bank()
    bank.knows(("USD", "30", 0), ("EUR", "35", 0))
    bank.works_batch(MONDAY_MS + HOUR_MS, [("A", 16_000, "USD"), ("B", 600_000, "TWD"), ("C", 1, "USD")])
    bank.knows(("USD", "32", 0))
    assert bank.partition.is_stale
    assert bank.works_batch(MONDAY_MS + 2 * HOUR_MS) == ["A mid rates_changed USD 32.0 of 05"]
    assert not bank.partition.is_stale
    [told] = sent_to(bank.works[-1], ORDER)
    assert json.loads(told.value or b"")["rerated"] == 2
    assert json.loads(told.value or b"")["rates"] == 3
    bank.audited()


def test_customers_in_a_partition_that_is_new_since_a_growth_are_looked_at() -> None:
    bank = Bank()
    bank.knows(("USD", "30", 0))
    bank.works_batch(MONDAY_MS, [("A", 16_000, "USD")])
    moved, lane = dict(bank.partition.packed), bank.partition.lane
    bank.knows(("USD", "32", 0))
    bank.partition = bank.opened(moved, LaneRecord(lane.next_offsets, 1, lane.clock_ms), None)
    assert bank.works_batch(MONDAY_MS + HOUR_MS) == ["A mid rates_changed USD 32.0 of 05"]
    assert bank.works[-1].lane.rates == 2
    assert not bank.partition.is_stale


def test_an_audit_that_reads_no_rates_is_told_so() -> None:
    bank = Bank()
    bank.knows(("USD", "30", 0))
    bank.works_batch(MONDAY_MS, [("A", 1, "USD")])
    [told] = sent_to(bank.works[-1], ORDER)
    record = order_of(told)
    assert record is not None
    check_replayable(SETTINGS, record, 0)
    with pytest.raises(UsageError, match="write TIERFLOW_RATES=on"):
        check_replayable(Settings.from_environment({}, dotenv=None), record, 0)


def test_so_many_a_batch_are_looked_at_and_live_events_come_first() -> None:
    bank = Bank()
    bank.knows(("USD", "30", 0))
    bank.works_batch(MONDAY_MS, [(f"C{number:02}", 16_000, "USD") for number in range(10)])
    bank.knows(("USD", "32", 0))
    found = [
        bank.works_batch(MONDAY_MS + HOUR_MS, [("C09", 16_001, "USD")], Quota(5, 4)),
        bank.works_batch(MONDAY_MS + HOUR_MS, [], Quota(5, 4)),
        bank.works_batch(MONDAY_MS + HOUR_MS, [], Quota(5, 4)),
    ]
    assert [len(changes) for changes in found] == [5, 4, 1]
    assert found[0][0] == "C09 mid threshold_crossed USD 32.0 of 05"
    assert not bank.partition.is_stale
    bank.audited()


def test_a_rate_that_was_sent_ahead_is_looked_at_when_its_day_begins() -> None:
    bank = Bank()
    bank.knows(("USD", "30", 0), ("USD", "32", 1))
    assert bank.works_batch(MONDAY_MS + HOUR_MS, [("A", 16_000, "USD")]) == ["A low first_event USD 30.0 of 05"]
    assert bank.partition.next_due_ms() == MONDAY_MS + DAY_MS
    assert bank.works_batch(MONDAY_MS + DAY_MS) == ["A mid rates_changed USD 32.0 of 06"]
    bank.audited()


def test_rates_that_came_while_no_worker_ran_are_looked_at_at_the_start() -> None:
    bank = Bank()
    bank.knows(("USD", "30", 0))
    bank.works_batch(MONDAY_MS + HOUR_MS, [("A", 16_000, "USD")])
    former = bank.partition
    bank.knows(("USD", "32", 0))
    bank.partition = former
    bank.starts_again()
    assert bank.partition.is_stale
    assert bank.works_batch(MONDAY_MS + 2 * HOUR_MS) == ["A mid rates_changed USD 32.0 of 05"]
    bank.audited()


def test_who_is_left_when_a_worker_ends_is_looked_at_by_the_next_one() -> None:
    bank = Bank()
    bank.knows(("USD", "30", 0))
    bank.works_batch(MONDAY_MS, [("A", 16_000, "USD"), ("B", 16_000, "USD")])
    bank.knows(("USD", "32", 0))
    assert len(bank.works_batch(MONDAY_MS + HOUR_MS, [], Quota(5, 1))) == 1
    bank.starts_again()
    assert bank.partition.is_stale
    assert bank.works_batch(MONDAY_MS + HOUR_MS) == ["B mid rates_changed USD 32.0 of 05"]
    bank.starts_again()
    assert not bank.partition.is_stale
    bank.audited()


def test_what_is_no_rate_is_a_dead_letter_once_of_the_first_partition() -> None:
    bank = Bank()
    bank.works_batch(MONDAY_MS)
    bank.knows(("USD", "-1", 0))
    assert bank.partition.is_stale
    bank.works_batch(MONDAY_MS)
    [letter] = sent_to(bank.works[-1], DEAD_LETTERS)
    told = json.loads(letter.value or b"")
    assert (told["topic"], told["partition"], told["offset"], told["reason"]) == ("bank.rates", 0, 0, "invalid_field")
    bank.starts_again()
    bank.knows(("USD", "1", 0))
    bank.works_batch(MONDAY_MS)
    assert sent_to(bank.works[-1], DEAD_LETTERS) == []
    bank.audited()


def test_under_rates_of_the_file_nothing_of_rates_is_kept_or_written() -> None:
    fixed = load_policy(POLICY.document.replace('rates = "topic"', 'rates = { USD = "31" }'))
    partition = Customers(partition_setup(SETTINGS, fixed, 0, 1))
    value = b'{"event_id":"b","customer_id":"A","account_id":"a","balance":"1","currency":"USD","as_of":1767542400000}'
    work = partition.work(partition.decode(0, [Record(0, b"A", value)]), [1, 0, 0, 0, 0], MONDAY_MS)
    assert not any(b"rates" in (message.value or b"") for _, message in work.messages)
    assert partition.next_due_ms() is None
    assert not partition.holders


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("rate"), st.sampled_from(["USD", "EUR"]), st.integers(28, 36), st.integers(-1, 1)),
        st.tuples(st.just("hear"), st.sampled_from("ABCDEF"), st.sampled_from(["USD", "EUR", "TWD"])),
        st.tuples(st.just("wait"), st.integers(1, 30)),
        st.tuples(st.just("work"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("start"), st.booleans()),
    ),
    max_size=40,
)


@laws(120)
@given(STEPS)
def test_whatever_comes_the_order_is_worked_again_to_the_byte(steps: list[tuple]) -> None:  # type: ignore[type-arg]
    bank = Bank()
    bank.knows(("USD", "31", 0), ("EUR", "33", 0))
    now_ms, heard = MONDAY_MS, []
    for what, *of in steps:
        day = (now_ms - MONDAY_MS) // DAY_MS
        match what:
            case "rate":
                bank.knows((of[0], str(of[1]), day + of[2]))
            case "hear":
                heard.append((of[0], 15_600, of[1]))
            case "wait":
                now_ms += of[0] * HOUR_MS
            case "work":
                bank.works_batch(now_ms, heard, Quota(*of))
                heard = []
            case _:
                bank.starts_again()
    bank.works_batch(now_ms, heard)
    bank.audited()
    holders = {key for key, packed in bank.partition.packed.items() if is_converted(unpack_state(packed), POLICY)}
    assert holders <= bank.partition.holders
