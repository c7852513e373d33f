from zoneinfo import ZoneInfo

import pytest
from rows import ASSETS_ONLY, STANDARD, e16

from streams.engine.compile import load_policy
from streams.engine.policy import PolicyError

BARE = """
name = "test"
version = 3
currency = "USD"
time_zone = "America/New_York"

[[tiers]]
id = "basic"

[[tiers]]
id = "gold"
at_least = "1000.5"
"""


def test_the_standard_policy_says_what_the_bank_says() -> None:
    assert (STANDARD.name, STANDARD.version, STANDARD.currency) == ("standard", 1, "TWD")
    assert STANDARD.calendar.zone == ZoneInfo("Asia/Taipei")
    assert [(tier.id, tier.floor_e16) for tier in STANDARD.tiers] == [
        ("low", None),
        ("mid", e16("500000")),
        ("high", e16("5000000")),
    ]
    (window,) = STANDARD.windows
    assert (window.days, window.types) == (90, {"purchase", "transfer_in", "transfer_out"})
    assert STANDARD.activity is not None
    assert (STANDARD.activity.share_e4, STANDARD.activity.at_most_e16) == (100, e16("50000"))
    assert (STANDARD.credit_share_e4, STANDARD.caps) == ({"poor": -1_000}, {"default": 0})
    assert STANDARD.kept_days >= 90


def test_assets_only_is_the_table_alone() -> None:
    assert [(tier.id, tier.floor_e16) for tier in ASSETS_ONLY.tiers] == [
        ("low", None),
        ("mid", e16("500000")),
        ("high", e16("5000000")),
    ]
    assert (ASSETS_ONLY.windows, ASSETS_ONLY.activity) == ((), None)
    assert (ASSETS_ONLY.credit_share_e4, ASSETS_ONLY.caps) == ({}, {})


def test_the_digest_stands_for_the_document_to_the_letter() -> None:
    same, other = load_policy(BARE), load_policy(BARE + "\n")
    assert same.digest == load_policy(BARE).digest
    assert same.digest.startswith("sha256:")
    assert len(same.digest) == len("sha256:") + 64
    assert (same.digest, same.mark) != (other.digest, other.mark)
    assert same.document == BARE


def test_a_bare_policy_has_the_defaults() -> None:
    bare = load_policy(BARE.replace('time_zone = "America/New_York"', ""))
    assert bare.calendar.zone == ZoneInfo("Asia/Taipei")
    assert (bare.kept_days, bare.windows, bare.rank) == (0, (), {"basic": 0, "gold": 1})


def test_the_policys_own_currency_counts_one_to_one() -> None:
    assert load_policy(BARE).to_value == {"USD": e16("0.0001")}


def test_a_rate_is_exact_to_8_decimals() -> None:
    rated = load_policy(BARE + '[rates]\nIDR = "0.00006123"\n')
    assert rated.to_value["IDR"] == e16("0.000000006123")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('name = "test"', 'nmae = "test"'), "nmae"),
        (('name = "test"', ""), "name"),
        (("version = 3", 'version = "3"'), "version"),
        (("America/New_York", "America/Gotham"), "America/Gotham"),
        (("America/New_York", "../../etc/passwd"), "time_zone"),
        (("America/New_York", ""), "time_zone"),
        (('"1000.5"', '"1,000.5"'), r"tiers\[1\] \(gold\).at_least"),
        (('"1000.5"', "1000.5"), "at_least"),
        (('at_least = "1000.5"', ""), r"tiers\[1\] \(gold\).at_least"),
        (('id = "basic"', 'id = "basic"\nat_least = "0"'), r"tiers\[0\] \(basic\).at_least"),
        (('id = "gold"', 'id = "basic"'), "twice"),
        (('id = "gold"', 'id = "gold"\nat_lest = "1"'), "at_lest"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named(change: tuple[str, str], says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        load_policy(BARE.replace(*change))


ACTIVITY = '[value.activity]\nshare = "0.01"\nof = ["purchase"]\ndays = 90\n'


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('[[tiers]]\nid = "same"\nat_least = "1000.50"\n', "floors rise"),
        ('[[tiers]]\nid = "less"\nat_least = "999"\n', "floors rise"),
        ('[rates]\nUSD = "1"\n', "own currency"),
        ('[rates]\nEUR = "0"\n', r"rates\.EUR"),
        ('[rates]\nEUR = "-1"\n', r"rates\.EUR"),
        ('[rates]\nEUR = "1.123456789"\n', r"rates\.EUR.*8 decimals"),
        ('[caps]\ndefault = "silver"\n', "silver"),
        ('[caps]\nbankrupt = "basic"\n', "bankrupt"),
        ('[value.credit]\npoor = "-0.12345"\n', r"value\.credit\.poor"),
        (ACTIVITY.replace("90", "0"), r"value\.activity\.days"),
        (ACTIVITY.replace("90", "3661"), r"value\.activity\.days"),
        (ACTIVITY.replace("purchase", "gambling"), "gambling"),
        (ACTIVITY.replace('"purchase"', ""), r"value\.activity\.of"),
        (ACTIVITY.replace("0.01", "1%"), r"value\.activity\.share"),
        ("[keep]\ntransaction_days = -1\n", r"keep\.transaction_days"),
        ("tiers = 5\n", "tiers"),
        ("[[", "TOML"),
    ],
)
def test_a_wrong_part_is_named(more: str, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        load_policy(BARE + more)


def test_a_policy_without_tiers_is_none() -> None:
    with pytest.raises(PolicyError, match="at least one"):
        load_policy('name = "x"\nversion = 1\ncurrency = "USD"\ntiers = []\n')


def test_days_are_kept_for_the_longest_look_back() -> None:
    assert load_policy(BARE + ACTIVITY + "[keep]\ntransaction_days = 30\n").kept_days == 90
    assert load_policy(BARE + ACTIVITY + "[keep]\ntransaction_days = 400\n").kept_days == 400
