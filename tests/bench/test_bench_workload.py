"""The workload: the same for the same seed, of the contract's form, with the shares it promises."""

import json
from collections import Counter
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest

from streams.bench.workload import InputRecord, Workload
from streams.contracts.decode import decode
from streams.contracts.rejection import Rejection
from streams.policy.compile.load import load_policy
from streams.settings import policy_folder
from streams.values.calendar import DAY_MS
from streams.values.events import BALANCES, TRANSACTIONS

BEGINS_AT_MS = 1_760_000_000_000
SPAN_MS = 60 * DAY_MS
PEERS = Path(__file__).parents[3] / "shared" / "peers" / "workload.py"


def workload(events: int = 20_000, seed: int = 7, currency: str = "TWD") -> Workload:
    return Workload(events, 1_000, seed, BEGINS_AT_MS, SPAN_MS, currency)


def records(made: Workload) -> list[InputRecord]:
    return [record for chunk in made.chunks() for record in chunk]


def test_the_same_seed_gives_the_same_records() -> None:
    assert records(workload()) == records(workload())
    assert records(workload(seed=8)) != records(workload())


def test_comes_in_chunks_and_is_complete() -> None:
    sizes = [len(chunk) for chunk in workload(25_000).chunks()]
    assert sizes == [10_000, 10_000, 5_000]


@pytest.mark.parametrize("policy_file", sorted(policy_folder().glob("*.toml")), ids=lambda file: file.stem)
def test_every_record_is_a_valid_input_in_the_currency_of_the_policy(policy_file: Path) -> None:
    policy = load_policy(policy_file.read_text(encoding="utf-8"))
    made = records(workload(1_000, currency=policy.currency))
    assert [r for r in made if isinstance(decode(r.topic, r.key, r.value, policy), Rejection)] == []


def test_only_the_currency_differs_in_another_currency() -> None:
    in_yuan = [record.value.replace(b'"CNY"', b'"TWD"') for record in records(workload(currency="CNY"))]
    assert in_yuan == [record.value for record in records(workload())]


def test_a_seed_gives_in_twd_the_bytes_that_it_always_gave() -> None:
    digest = sha256(b"".join(record.key + record.value for record in records(workload())))
    assert digest.hexdigest()[:16] == "d5c906a2c2a201c9"


def test_event_ids_are_unique() -> None:
    ids = [json.loads(record.value)["event_id"] for record in records(workload())]
    assert len(set(ids)) == len(ids)


def test_seven_of_ten_are_transactions() -> None:
    by_topic = Counter(record.topic for record in records(workload()))
    assert set(by_topic) == {BALANCES, TRANSACTIONS}
    assert 0.68 < by_topic[TRANSACTIONS] / by_topic.total() < 0.72


def test_a_quarter_of_the_customers_has_half_of_the_events() -> None:
    busy = sum(int(record.key[1:]) < 250 for record in records(workload()))
    assert 0.48 < busy / 20_000 < 0.52


def test_event_time_moves_over_the_span_and_few_are_late() -> None:
    values = [json.loads(record.value) for record in records(workload())]
    times = [value.get("occurred_at") or value["as_of"] for value in values]
    due = [BEGINS_AT_MS + SPAN_MS * number // len(times) for number in range(len(times))]
    late = [on_time - at for at, on_time in zip(times, due, strict=True) if at != on_time]
    assert 0.015 < len(late) / len(times) < 0.025
    assert 0 < min(late) <= max(late) < 3 * DAY_MS


def test_has_the_fields_that_the_peers_read() -> None:
    if not PEERS.exists():
        pytest.skip("the peers' workload is not beside this checkout")
    written = PEERS.read_text(encoding="utf-8")
    fields = {name for record in islice(records(workload()), 100) for name in json.loads(record.value)}
    assert all(f"{name}=" in written for name in fields)
