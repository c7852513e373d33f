"""From account records to tiers: how a joint account counts is the policy's; a change of owners moves its balance."""

import msgspec
import pytest

from streams.contracts.event_line import EventLine
from streams.partition.work import CAMPAIGNS, CHANGES
from streams.policy.compile.load import load_policy
from streams.simulate import Simulation
from streams.values.events import BALANCES, TRANSACTIONS
from tests.support.account_records import Played, account, balance, transaction

POLICY = """
name = "joint"
version = 1
currency = "TWD"

[accounts]
joint = "{word}"

[measures.purchases]
count = ["purchase"]
days = 30

[[tiers]]
id = "low"

[[tiers]]
id = "mid"
enter = {{ any = [{{ measure = "assets", at_least = "500000" }}, {{ measure = "purchases", at_least = "3" }}] }}
"""
OWNERS = [{"customer_id": "C1", "share": "0.6"}, {"customer_id": "C2", "share": "0.4", "role": "joint"}]
TOPICS = {"balances": BALANCES, "transactions": TRANSACTIONS}


def tiers(played: Played, word: str) -> dict[str, str]:
    """By customer, the tier after all that was told."""
    events = [
        EventLine(TOPICS[name], message.key, message.value or b"")
        for name, message in played.messages
        if name in TOPICS
    ]
    found = {}
    for name, message in Simulation(load_policy(POLICY.format(word=word))).work(events).work.messages:
        assert name != CAMPAIGNS
        if name == CHANGES:
            change = msgspec.json.decode(message.value or b"")
            found[change["customer_id"]] = change["tier"]
    return found


@pytest.mark.parametrize(
    ("word", "held"),
    [
        ("first", {"C1": "mid", "C2": "low"}),
        ("each", {"C1": "mid", "C2": "mid"}),
        ("shares", {"C1": "mid", "C2": "low"}),
    ],
)
def test_a_joint_account_counts_by_the_word_of_the_policy(word: str, held: dict[str, str]) -> None:
    played = Played()
    played.send(account(OWNERS, 0), balance("900000.00", 1))
    assert tiers(played, word) == held
    played.send(balance("1250000.00", 2))
    assert tiers(played, word) == held | ({"C2": "mid"} if word == "shares" else {})


@pytest.mark.parametrize(("word", "second"), [("first", None), ("each", "mid"), ("shares", "mid")])
def test_transactions_of_a_joint_account_count_to_the_first_owner_alone_or_to_all(
    word: str, second: str | None
) -> None:
    played = Played()
    played.send(account(OWNERS, 0), *(transaction(f"t{number}", number) for number in range(1, 4)))
    assert tiers(played, word) == {"C1": "mid"} | ({"C2": second} if second else {})


@pytest.mark.parametrize("word", ["first", "each", "shares"])
def test_when_one_owner_stays_alone_all_of_it_is_that_ones(word: str) -> None:
    played = Played()
    played.send(account(OWNERS, 0), balance("900000.00", 1), account("C2", 2))
    assert tiers(played, word) == {"C1": "low", "C2": "mid"}
