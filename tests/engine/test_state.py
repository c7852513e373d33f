from collections.abc import Callable

import msgspec
import pytest

from streams.contracts.packing import UnknownVersionError, pack_state, unpack_header, unpack_state
from streams.engine.measures.account_rows import keep_account
from streams.engine.state import Account, CustomerState
from tests.support.one_customer import DAY_MS, STANDARD, Customer, at, balance, credit, pin, transaction

NOON = at("2026-11-24T12:00")


def a_customer() -> Customer:
    customer = Customer()
    customer.apply(
        balance("600000", NOON), transaction("10", NOON), credit("poor", NOON), pin("high", NOON, NOON + DAY_MS)
    )
    return customer


def test_a_packed_state_comes_back_the_same() -> None:
    state = a_customer().state
    assert unpack_state(pack_state(state)) == state
    assert pack_state(unpack_state(pack_state(state))) == pack_state(state)


def test_a_new_customer_is_empty_and_shares_nothing() -> None:
    one, other = CustomerState(), CustomerState()
    one.remembered[0] = b"123456789"
    keep_account(one, "TWDa", Account(0, 0, "TWD", "deposit"))
    assert other == CustomerState()


def test_a_take_over_reads_the_tier_and_the_due_time_alone() -> None:
    state = a_customer().state
    header = unpack_header(pack_state(state))
    assert (header.tier, header.due_ms) == (state.tier, state.due_ms) == ("high", NOON + DAY_MS)


def test_a_state_of_a_former_form_has_the_defaults_of_what_was_added() -> None:
    packed = pack_state(CustomerState(tier="mid", earned_tier="mid"))
    fields = msgspec.msgpack.decode(packed[1:])
    former = packed[:1] + msgspec.msgpack.encode(fields[:10])
    assert unpack_state(former) == CustomerState(tier="mid", earned_tier="mid")


def test_an_unknown_form_is_refused_with_a_word() -> None:
    with pytest.raises(UnknownVersionError, match="start the release that wrote it"):
        unpack_state(b"\xc8" + pack_state(CustomerState())[1:])


@pytest.mark.parametrize("unpack", [unpack_state, unpack_header])
def test_a_state_of_a_later_release_is_refused(unpack: Callable[[bytes], object]) -> None:
    state = CustomerState(tier="mid")
    fields = msgspec.msgpack.decode(msgspec.msgpack.encode(state))
    later = pack_state(state)[:1] + msgspec.msgpack.encode([*fields, None])
    with pytest.raises(UnknownVersionError, match="a later release wrote it"):
        unpack(later)


def test_a_packed_customer_is_small() -> None:
    assert len(pack_state(CustomerState())) < 56
    assert len(pack_state(a_customer().state)) < 340
    assert STANDARD.mark < 2**32
