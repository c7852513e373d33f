"""Whatever a record holds: it is mapped to what the decoder takes, skipped, or refused; nothing else ends it."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.intake.record import Mapped, Refusal
from streams.intake.source import Source
from tests.support.debezium import BOOKING, change, with_schema
from tests.support.laws import laws
from tests.support.mappings import BALANCE, PLAIN, TRANSACTION, assert_taken, mapping_text, outcomes, source_of

ODD = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.integers(-2, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["1e400", "-0", "１２", "\ud83d", "2026-02-30", "0001-01-01", "9999-12-31T23:59:59-23:59", "AeI6"]
    )
    | st.sampled_from(
        [[], {}, [1], {"scale": 2, "value": "AeI6"}, {"scale": 10**9, "value": ""}, {"scale": -40, "value": "fw=="}]
    )
)


@st.composite
def broken(draw: st.DrawFn, whole: dict[str, Any]) -> Any:
    """A record in which up to three values, at any depth, are others, or gone."""
    value = json.loads(json.dumps(whole))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(value))
        holder, name = draw(st.sampled_from(places))
        if draw(st.booleans()):
            holder[name] = deepcopy(draw(ODD))  # one that is shared would come to hold itself
        elif isinstance(holder, dict):
            del holder[name]
        if not list(_places(value)):
            break
    return value


def _places(value: Any) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in pairs:
        yield value, name
        yield from _places(part)


def _source(form: str, deletes: str = "map", **fields: str) -> Source:
    """A source of two inputs whose fields are read in as many ways as there are."""
    words = f'topic = "core"\nformat = "{form}"\nzone = "Asia/Taipei"\ndeletes = "{deletes}"\n'
    words += 'full_width = true\nthousands = ","'
    table = mapping_text("balances", BALANCE | fields).partition("[sources.core.balances]")[2]
    transaction = TRANSACTION | fields | {"amount": '{ path = "amount", sign = "drop", round_to = 2 }'}
    transaction |= {
        "occurred_at": fields["as_of"],
        "type": '{ path = "dc", otherwise = "other" }',
        "reverses": '"undoes"',
    }
    transaction |= {"reversed_at": fields["as_of"], "event_id": '{ template = "{id}-{_record.key}" }'}
    known = {name: text for name, text in transaction.items() if name not in {"balance", "as_of"}}
    return source_of(mapping_text("transactions", known, words) + "[sources.core.balances]" + table)


DEBEZIUM = _source(
    "debezium",
    customer_id='"customer_no"',
    account_id='"account_no"',
    balance='"amount"',
    currency='{ constant = "TWD" }',
    as_of='"booked_at"',
)
JSON = _source("json", as_of='[{ when = "type(at) == \'number\'", path = "at", unit = "ms" }, "at"]')
CLOUD_EVENTS = _source("cloudevents", as_of='{ path = "at", form = "%Y-%m-%dT%H:%M:%S%z" }')
EVENT = {"specversion": "1.0", "id": "e", "source": "/", "type": "t", "data": PLAIN}


def assert_comes_to_an_end(source: Source, value: Any, **around: Any) -> None:
    for outcome in outcomes(source, value, **around):
        if isinstance(outcome, Mapped):
            assert_taken(outcome.events)
        elif isinstance(outcome, Refusal):
            assert outcome.detail


@pytest.mark.parametrize(
    ("source", "whole"),
    [
        (DEBEZIUM, with_schema(change("c", None, BOOKING))),
        (DEBEZIUM, change("u", BOOKING, BOOKING)),
        (JSON, PLAIN | {"dc": "fee", "undoes": "t0"}),
        (CLOUD_EVENTS, EVENT),
    ],
    ids=["debezium with schema", "debezium", "json", "cloudevents"],
)
@given(st.data())
@laws(400)
def test_a_record_with_odd_values_comes_to_an_end(source: Source, whole: dict[str, Any], data: st.DataObject) -> None:
    assert_comes_to_an_end(source, data.draw(broken(whole)))


@given(
    st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary()
)
@laws(300)
def test_bytes_of_any_kind_come_to_an_end(raw: bytes, key: bytes) -> None:
    for source in (DEBEZIUM, JSON, CLOUD_EVENTS):
        assert_comes_to_an_end(source, raw, key=key, headers=(("ce_specversion", raw), ("", key)))


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=3))
@laws(300)
def test_an_event_with_bytes_put_into_it_comes_to_an_end(place: int, put: bytes) -> None:
    whole = json.dumps(with_schema(change("c", None, BOOKING))).encode()
    assert_comes_to_an_end(DEBEZIUM, whole[:place] + put + whole[place:])
    assert_comes_to_an_end(DEBEZIUM, whole[:place])
