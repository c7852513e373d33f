from collections.abc import Callable
from fractions import Fraction
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.contracts.former import Account1, State1
from streams.contracts.kept import DIRECTIONS, REASONS
from streams.contracts.newest_change import change_of, pack_change, unpack_change
from streams.contracts.packing import (
    LANE_KEY,
    VERSION,
    DamagedRecordError,
    Growing,
    LaneRecord,
    UnknownVersionError,
    pack_growing,
    pack_lane,
    pack_state,
    unpack_growing,
    unpack_header,
    unpack_lane,
    unpack_state,
)
from streams.engine.measures.account_rows import account_of, accounts_kept, all_accounts, drop_account, keep_account
from streams.engine.measures.days import add_to_bucket, all_buckets, bucket_of, has_day
from streams.engine.measures.figures import figures_of
from streams.engine.outcomes import TierChange
from streams.engine.remember import keep_as_block
from streams.engine.state import Account, Bucket, Closings, Courses, CustomerState, Progress, Special, Tenure, Window
from streams.values.calendar import NEVER_MS
from streams.values.events import TRANSACTION_TYPES, Cause, Pin
from streams.values.products import PRODUCTS
from streams.values.standings import Standing

times_ms = st.integers(-(10**15), 10**15)
amounts_e4 = st.integers(-9 * 10**18, 9 * 10**18)
days = st.integers(-30_000, 3_000_000)
currencies = st.sampled_from(["TWD", "USD", "JPY"])
texts = st.text(max_size=20)
sums = st.dictionaries(currencies, amounts_e4)

states = st.builds(
    CustomerState,
    tier=texts,
    due_ms=st.none() | times_ms,
    earned_tier=texts,
    sequence=st.integers(0, 2**40),
    decided_at_ms=times_ms,
    newest_ms=times_ms,
    policy_mark=st.integers(0, 2**32 - 1),
    account_keys=st.binary(max_size=40),
    account_rows=st.binary(max_size=40),
    assets_e4_by_currency=sums,
    days=st.binary(max_size=50).map(bytearray),
    windows=st.lists(st.builds(Window, days, sums, st.none() | days), max_size=2).map(tuple),
    standing=st.none() | st.sampled_from(get_args(Standing)),
    standing_as_of_ms=times_ms,
    score=st.none() | texts,
    first_event_ms=st.none() | times_ms,
    last_transaction_ms=st.none() | times_ms,
    remembered=st.dictionaries(st.integers(-5, 4), st.binary(max_size=40), max_size=4),
    loans_e4_by_currency=st.none() | sums,
    tenure=st.none() | st.builds(
        Tenure, **{name: st.none() | times_ms for name in Tenure.__struct_fields__ if name.endswith("_ms")},
        ratings_below=st.integers(0, 200), last=st.none() | texts, former=st.none() | texts,
    ),
    courses=st.none() | st.builds(
        Courses, progress=st.dictionaries(texts, st.builds(Progress, st.none() | times_ms), max_size=2),
        trigger_counts=st.dictionaries(texts, st.integers(1, 2**40), max_size=2),
        contacts_ms=st.lists(times_ms, max_size=3),
    ),
    closings=st.none() | st.builds(
        Closings, first_day=st.none() | days,
        daily=st.dictionaries(currencies.map("assets.{}".format), st.dictionaries(days, amounts_e4, max_size=4)),
        accounts=st.dictionaries(texts, st.binary(max_size=40), max_size=2),
    ),
    special=st.none() | st.builds(
        Special, **{name: st.none() | times_ms for name in Special.__struct_fields__ if name.endswith("_ms")},
        opted_out=st.booleans(), pin=st.none() | st.builds(Pin, texts, times_ms, texts, texts),
        reversals=st.binary(max_size=40),
    ),
)  # fmt: skip
# Products of amounts and rates: far beyond 64 bits; an average may not come out even.
figures = st.integers(-(10**40), 10**40) | st.fractions(-(10**40), 10**40, max_denominator=3_660)
changes = st.builds(
    TierChange,
    customer_id=texts,
    sequence=st.integers(1, 2**40),
    previous_tier=st.none() | texts,
    tier=texts,
    earned_tier=texts,
    decided_at_ms=times_ms,
    figures=st.builds(figures_of, st.lists(figures, max_size=4).map(tuple), figures, figures, figures),
    standing=st.none() | texts,
    cause=st.none() | st.builds(Cause, texts, st.integers(0, 4), st.integers(0, 2**62), times_ms),
)


@given(states)
def test_a_state_comes_back_as_it_went(state: CustomerState) -> None:
    assert unpack_state(pack_state(state)) == state


def test_words_in_kept_changes_have_the_same_numbers_for_ever() -> None:
    assert DIRECTIONS[:3] == ("initial", "upgrade", "downgrade")
    assert " ".join(REASONS).startswith(
        "first_event threshold_crossed window_moved grace_ended credit_changed pin_set pin_ended policy_changed "
        "correction"
    )


@given(states)
def test_a_header_is_the_beginning_of_the_state(state: CustomerState) -> None:
    header = unpack_header(pack_state(state))
    assert (header.tier, header.due_ms) == (state.tier, state.due_ms)


def state_with(change: TierChange, packed: bytes) -> CustomerState:
    """A state of which this is the newest change."""
    return CustomerState(tier=change.tier, sequence=change.sequence, decided_at_ms=change.decided_at_ms, change=packed)


@given(changes, st.lists(st.integers(0, 2**62), min_size=5, max_size=5), st.integers(0, 2**32 - 1))
def test_a_change_kept_in_a_state_comes_back_with_its_figures(
    change: TierChange, offsets: list[int], mark: int
) -> None:
    state = state_with(change, pack_change(change, offsets, mark))
    kept = unpack_change(unpack_state(pack_state(state)), change.customer_id)
    assert kept is not None
    assert (change_of(kept), kept.next_offsets, kept.policy_mark) == (change, tuple(offsets), mark)


def test_a_kept_figure_is_the_exact_one() -> None:
    third = Fraction(10**16, 3)
    change = TierChange(
        "C", 1, "initial", None, "low", "low", "first_event", 0, figures_of((third, 7), third, 0, -2), None, None
    )
    kept = unpack_change(state_with(change, pack_change(change, (0,) * 5, 1)), "C")
    assert kept is not None
    assert change_of(kept) == change


def test_a_new_state_keeps_no_change() -> None:
    assert unpack_change(unpack_state(pack_state(CustomerState())), "C") is None


@given(st.lists(st.integers(0, 2**62), min_size=5, max_size=5), st.integers(0, 2**62), times_ms)
def test_a_lane_record_comes_back_as_it_went(offsets: list[int], counter: int, clock_ms: int) -> None:
    record = LaneRecord(tuple(offsets), counter, clock_ms)
    assert unpack_lane(pack_lane(record)) == record


names = st.builds("{}.{}".format, st.sampled_from(sorted(TRANSACTION_TYPES)), currencies)
buckets = st.builds(Bucket, st.integers(-9, 9) | st.integers(-(2**31), 2**31 - 1), st.integers(-9, 9) | amounts_e4)


@given(st.dictionaries(st.tuples(days, names), buckets, max_size=6))
def test_buckets_come_back_as_they_went(kept: dict[tuple[int, str], Bucket]) -> None:
    state = CustomerState()
    for (day, name), bucket in kept.items():
        add_to_bucket(state, day, name, 0, 0)
        add_to_bucket(state, day, name, bucket.count, bucket.amount_e4)
    state = unpack_state(pack_state(state))
    assert {(day, name): bucket for day, name, bucket in all_buckets(state)} == kept
    assert all(bucket_of(state, day, name) == bucket for (day, name), bucket in kept.items())
    assert all(has_day(state, day) for day, _ in kept)
    assert bucket_of(state, 20_000, "fee.HKD") is None


def test_days_stay_in_their_narrowest_form_as_time_goes_on() -> None:
    state = CustomerState()
    for day in range(20_000, 21_000):
        add_to_bucket(state, day, "fee.TWD", 1, 100, day - 30)
    assert len(state.days) == 3 + 31 * 6
    assert [(day, name, bucket.count) for day, name, bucket in all_buckets(state)] == [
        (day, "fee.TWD", 1) for day in range(20_969, 21_000)
    ]


accounts = st.builds(
    Account,
    times_ms | st.just(1_795_483_800_125),
    amounts_e4 | st.integers(-(10**9), 10**9).map(lambda cents: cents * 100),
    st.just("TWD"),
    st.sampled_from(sorted(PRODUCTS)),
    st.just(NEVER_MS) | times_ms | st.just(1_795_483_800_125),
)


@given(st.lists(st.tuples(st.just("TWD"), texts, accounts), max_size=6), st.integers(0, 5))
def test_accounts_come_back_as_they_went(told: list[tuple[str, str, Account]], dropped: int) -> None:
    state, kept = CustomerState(), dict[str, Account]()
    for number, (currency, account_id, account) in enumerate(told):
        key = currency + account_id
        keep_account(state, key, account)
        kept[key] = account
        if number == dropped:
            drop_account(state, key)
            del kept[key]
    assert list(all_accounts(state)) == list(kept.items())
    assert accounts_kept(state) == len(kept)
    assert all(account_of(state, key) == account for key, account in kept.items())
    assert account_of(state, "USDnone") is None


def test_every_unpacked_state_is_a_copy_of_its_own() -> None:
    packed = pack_state(CustomerState())
    keep_account(unpack_state(packed), "TWDA1", Account(0, 1, "TWD", "deposit"))
    assert unpack_state(packed) == CustomerState()


def test_the_version_is_the_first_byte() -> None:
    assert pack_state(CustomerState())[0] == pack_lane(LaneRecord((0,) * 5, 0, 0))[0] == VERSION == 2


@pytest.mark.parametrize("unpack", [unpack_state, unpack_header, unpack_lane])
@pytest.mark.parametrize(("first", "named"), [(b"\x00", "0"), (b"\x03", "3"), (b"{", "123"), (b"", "none")])
def test_another_version_stops_with_both_named(unpack: object, first: bytes, named: str) -> None:
    packed = first and first + pack_state(CustomerState())[1:]
    with pytest.raises(UnknownVersionError, match=rf"has version {named}, this worker reads versions 1 to 2"):
        unpack(packed)  # type: ignore[operator]


WHOLE_LANE = pack_lane(LaneRecord((0,) * 5, 3, 4))


@pytest.mark.parametrize(
    ("packed", "unpack"),
    [
        (pack_state(CustomerState(tier="mid"))[:-3], unpack_state),
        (pack_state(CustomerState(tier="mid")).replace(b"mid", b"\xff\xff\xff"), unpack_state),
        (pack_state(CustomerState(tier="mid")).replace(b"\xa3mid", b"\x07"), unpack_state),
        (pack_state(CustomerState(tier="mid"))[:3], unpack_header),
        (
            b"\x01" + msgspec.msgpack.encode(State1(accounts={"A": Account1(8, 2**64 - 1, "TWD", "other")})),
            unpack_state,
        ),
        (b"\x01" + msgspec.msgpack.encode(State1(days={2**63: b"\x81\xacpurchase.TWD\x92\x01\x01"})), unpack_state),
        (WHOLE_LANE[:-1], unpack_lane),
        (WHOLE_LANE.replace(b"clock_ms\x04", b"clock_ms\xc0"), unpack_lane),
        (pack_growing(Growing(4, 8, 0))[:-1], unpack_growing),
    ],
)
def test_a_damaged_record_is_told_as_that_with_what_to_do(packed: bytes, unpack: Callable[[bytes], object]) -> None:
    with pytest.raises(DamagedRecordError, match=r"is damaged \(.+\): restore the changelog, or start with another"):
        unpack(packed)


def test_no_customer_has_the_key_of_the_lane() -> None:
    with pytest.raises(UnicodeDecodeError):
        LANE_KEY.decode()


@pytest.mark.parametrize("version", [1, 2])
def test_records_of_former_versions_are_read_for_ever(version: int) -> None:
    # Any change of the form needs a new version; one that adds a field at the end needs no reader of its own.
    state = CustomerState(
        tier="mid",
        due_ms=1_795_483_800_125,
        earned_tier="mid",
        sequence=3,
        decided_at_ms=5,
        newest_ms=6,
        policy_mark=7,
        assets_e4_by_currency={"TWD": -9},
        windows=(Window(20_001, {"TWD": 125_000}, 20_090),),
        standing="fair",
        standing_as_of_ms=10,
        score="712",
        special=Special(pin=Pin("high", 11, "board member", "clerk 7"), opted_out=True),
        change=b"change",
    )
    keep_account(state, "TWDA1", Account(8, -9, "TWD", "deposit", 8))
    keep_as_block(state, 0, [b"1234567\0\0"], None, was_full=False)
    add_to_bucket(state, 20_000, "purchase.TWD", 1, 125_000)
    assert unpack_state(bytes.fromhex(FORMS[version])) == state, f"the form has changed; now: {pack_state(state).hex()}"


def test_of_version_1_an_account_whose_product_was_not_told_waits_for_a_word() -> None:
    accounts = {"A1": Account1(8, -9, "TWD", "other"), "TWD": Account1(7, 5, "USD", "loan")}
    packed = b"\x01" + msgspec.msgpack.encode(State1(accounts=accounts))
    assert dict(all_accounts(unpack_state(packed))) == {
        "TWDA1": Account(8, -9, "TWD", "other", NEVER_MS),
        "USDTWD": Account(7, 5, "USD", "loan", 7),
    }


@pytest.mark.parametrize("unpack", [unpack_state, unpack_header])
def test_a_state_of_version_1_with_more_fields_than_that_had_is_refused(unpack: object) -> None:
    fields = [*structs.astuple(State1()), True]
    with pytest.raises(UnknownVersionError, match="fields that this worker does not know"):
        unpack(b"\x01" + msgspec.msgpack.encode(fields))  # type: ignore[operator]


@pytest.mark.parametrize("name", ["gift.TWD", "purchase.EURO", "purchase", "", "purchase.TWD\n"])
def test_a_state_of_version_1_with_a_bucket_of_another_name_is_refused(name: str) -> None:
    buckets = msgspec.msgpack.encode({name: Bucket(1, 125_000)})
    with pytest.raises(DamagedRecordError, match="is damaged"):
        unpack_state(b"\x01" + msgspec.msgpack.encode(State1(days={20_000: buckets})))


FORMS = {
    1: """
01dc0012a36d6964cf000001a20b2c923da36d69640305060781a241319408f7a3545744a76465706f73697481a3545744f7
81cd4e20c41581ac70757263686173652e5457449201ce0001e8489193cd4e2181a3545744ce0001e848cd4e7aa466616972
0aa337313295c4083132333435363738c400c400c400c400c394a4686967680bac626f617264206d656d626572a7636c6572
6b2037c4066368616e6765
""",
    2: """
02dc001ba36d6964cf000001a20b2c923dc003ff0607c407ff5457444131ffc41a010800000000000000f7ffffffffffffff
00080000000000000081a3545744f7c40900204e004948e80100a35457449193cd4e2181a3545744ce0001e848cd4e7a81ff
c41094c409313233343536370000910190c0c4066368616e6765c0c0c0c0a4666169720aa3373132c0c0c0c09c94a4686967
680bac626f617264206d656d626572a7636c65726b2037c0c3c0c0c400c400c0c400c0c0c0
""",
}
