import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from streams.contracts.decode import decode
from streams.contracts.outputs import ALERT_TYPE, CHANGE_TYPE, DECISION_TYPE, ERASED_TYPE, TRIGGER_TYPE
from streams.contracts.rejection import Rejection, RejectionReason
from streams.contracts.schema_topics import TOPICS
from streams.contracts.schemas import definitions, schema
from streams.engine.outcomes import AlertReason, Direction, Group, Reason
from streams.engine.state import ACCOUNTS_LIMIT
from streams.partition.outputs import sent_to
from streams.partition.work import CAMPAIGNS, CHANGES, DEAD_LETTERS, ERASURES, RISK
from streams.policy.campaigns import CampaignKind
from streams.policy.language.document import ServiceKind
from streams.policy.loans import LoanOutcome
from streams.values.events import BALANCES, CUSTOMERS, LOANS, TRANSACTION_TYPES, Action
from streams.values.products import PRODUCTS
from streams.values.standings import Standing
from tests.support.wire_messages import INPUTS, MESSAGES, POLICY, read, worked
from tests.support.works import order_of

PAGE = (Path(__file__).parents[2] / "docs" / "messages.md").read_text("utf-8")
SCHEMAS = {topic.name: schema(topic) for topic in TOPICS}
FIELDS = {
    topic.name: {name for message in topic.messages for name in definitions(message)[message.__name__]["properties"]}
    for topic in TOPICS
}
# `tier.current` holds what `tier.changes` holds, and has no example of its own.
SECTIONS = {re.findall(r"`(\S+)`", section)[0]: section for section in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]}
EXAMPLES = [
    (topic, json.loads(block))
    for topic, section in SECTIONS.items()
    for block in re.findall(r"```json\n(.*?)```", section, flags=re.DOTALL)
]


def example(topic: str) -> Any:
    return next(message for name, message in EXAMPLES if name == topic)


def test_every_block_is_found_and_every_topic_has_one() -> None:
    assert len(EXAMPLES) == PAGE.count("```json")
    assert {topic for topic, _ in EXAMPLES} == set(SCHEMAS) - {"tier.current"}


@pytest.mark.parametrize(("topic", "message"), EXAMPLES)
def test_every_example_is_as_its_schema_says(topic: str, message: Any) -> None:
    assert list(Draft202012Validator(SCHEMAS[topic]).iter_errors(message)) == []


@pytest.mark.parametrize(("topic", "message"), [pair for pair in EXAMPLES if pair[0] in INPUTS])
def test_every_example_of_an_input_is_read(topic: str, message: Any) -> None:
    raw = json.dumps(message).encode()
    assert not isinstance(decode(INPUTS.index(topic), message["customer_id"].encode(), raw, POLICY), Rejection)


@pytest.mark.parametrize("topic", sorted(set(SCHEMAS) - {"tier.current"}))
def test_every_field_is_named(topic: str) -> None:
    named = set(re.findall(r"`(\w+)`", re.sub(r"```.*?```", "", SECTIONS[topic], flags=re.DOTALL)))
    shown = {name for name, message in EXAMPLES if name == topic for name in message}
    assert named | shown >= FIELDS[topic]


def test_the_tier_change_is_what_the_balance_gives() -> None:
    [(_, raw, _)] = sent_to(worked((BALANCES, json.dumps(example("bank.balances")).encode())), CHANGES)
    change, shown = json.loads(raw), example("tier.changes")
    for part in ("policy", "strategy"):  # as long as the policy file; its form is in the schema
        assert set(change.pop(part)) == set(shown.pop(part))
    assert shown == change


def test_the_order_of_work_is_that_of_the_balance() -> None:
    order = json.loads(order_of(worked((BALANCES, json.dumps(example("bank.balances")).encode()))))
    assert example("tier.order") | {"policy": POLICY.digest} == order


def test_the_dead_letter_is_what_no_json_gives() -> None:
    [(_, letter, _)] = sent_to(worked((LOANS, b"not JSON")), DEAD_LETTERS)
    assert example("tier.dead-letters") == json.loads(letter)


def shortened(message: Any) -> Any:
    """As it is written, but for the policy, which is another one when a word of its file changes."""
    return {**message, "policy": sorted(message["policy"])}


def test_the_triggers_are_what_the_balances_give() -> None:
    opening, near = [shortened(message) for name, message in EXAMPLES if name == "tier.campaigns"]
    balance = example("bank.balances")
    [gift] = sent_to(worked((BALANCES, json.dumps(balance).encode())), CAMPAIGNS)
    assert shortened(json.loads(gift.value)) == opening
    less = balance | {"balance": "480000.00"}
    later = less | {"event_id": "b18", "as_of": "2026-11-28T09:30:00+08:00"}
    _, nudge = sent_to(worked(*((BALANCES, json.dumps(message).encode()) for message in (less, later))), CAMPAIGNS)
    assert shortened(json.loads(nudge.value)) == near


def test_the_decision_and_the_alert_are_what_the_loan_and_the_balances_give() -> None:
    balance = example("bank.balances")
    less = balance | {"event_id": "b18", "balance": "350000.00", "as_of": "2026-12-24T09:30:00+08:00"}
    inputs = ((BALANCES, balance), (LOANS, example("bank.loans")), (BALANCES, less))
    work = worked(*((topic, json.dumps(message).encode()) for topic, message in inputs))
    shown = [shortened(message) for name, message in EXAMPLES if name == "tier.risk"]
    assert [shortened(json.loads(risk.value)) for risk in sent_to(work, RISK)] == shown


def test_the_erasure_is_what_the_erase_gives_after_the_balance() -> None:
    erase = next(message for name, message in EXAMPLES if message.get("action") == "erase")
    inputs = ((BALANCES, example("bank.balances")), (CUSTOMERS, erase))
    [erasure] = sent_to(worked(*((topic, json.dumps(message).encode()) for topic, message in inputs)), ERASURES)
    assert json.loads(erasure.value) == example("tier.erasures")


@pytest.mark.parametrize("event_type", [CHANGE_TYPE, TRIGGER_TYPE, DECISION_TYPE, ALERT_TYPE, ERASED_TYPE])
def test_every_type_of_event_is_named(event_type: str) -> None:
    assert f"`{event_type}`" in PAGE


@pytest.mark.parametrize(
    "words",
    [Direction, Reason, RejectionReason, Standing, Action, CampaignKind, Group, LoanOutcome, AlertReason, ServiceKind],
)
def test_every_word_of_a_set_is_named(words: Any) -> None:
    assert [word for word in get_args(words) if not re.search(rf"\b{word}\b", PAGE)] == []


def test_every_type_product_header_and_limit_is_named() -> None:
    [(_, _, headers)] = sent_to(worked((BALANCES, json.dumps(example("bank.balances")).encode())), CHANGES)
    words = {*TRANSACTION_TYPES, *PRODUCTS, *(name for name, _ in headers), f"{ACCOUNTS_LIMIT:,} accounts"}
    assert [word for word in words if word not in PAGE] == []


@pytest.mark.parametrize("name", ["channel", "purpose", "term_months", "days_past_due"])
def test_what_is_said_to_be_ignored_is(name: str) -> None:
    for topic, message in MESSAGES.items():
        assert read(topic, json.dumps(message | {name: [{}]}).encode()) == read(topic, json.dumps(message).encode())
