import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft7Validator

from streams.contracts.channels import CHANNELS
from streams.contracts.schema_topics import TOPICS
from streams.engine.outcomes import AlertReason, Group
from streams.kafka.topic_specs import topic_specs
from streams.policy.compile.load import load_policy
from streams.policy.loans import LoanOutcome
from streams.settings import Settings
from streams.simulate import Simulation
from streams.simulate.samples import COMMAND, POLICY, events, samples, text
from streams.values.events import Action

PROJECT = Path(__file__).parents[2]
OFFICIAL = json.loads((Path(__file__).parent / "asyncapi-specs" / "3.0.0.json").read_text("utf-8"))
DOCUMENT = json.loads((PROJECT / "docs" / "asyncapi.json").read_text("utf-8"))
MESSAGES = DOCUMENT["components"]["messages"]
EXAMPLES = [(name, example) for name, message in MESSAGES.items() for example in message["examples"]]
SETTINGS = Settings.from_environment({}, dotenv=None)


def resolved(schema: Any) -> Any:
    """A schema of the document that stands alone."""
    return {**schema, "components": DOCUMENT["components"]}


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def target(reference: str) -> Any:
    part = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        part = part[name]
    return part


def test_the_document_is_that_of_the_code() -> None:
    assert (PROJECT / "docs" / "asyncapi.json").read_text("utf-8") == text(), f"stale; write it anew: {COMMAND}"


def test_it_is_an_asyncapi_document() -> None:
    assert [
        f"{error.json_path}: {error.message[:200]}" for error in Draft7Validator(OFFICIAL).iter_errors(DOCUMENT)
    ] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"asyncapi": "2.6.0"},
        {"info": {"title": "no version"}},
        {"operations": {"readChanges": {"action": "read", "channel": {"$ref": "#/channels/tier.changes"}}}},
        {"channels": {"tier.changes": {"address": 5}}},
        {"unheard_of": True},
    ],
)
def test_the_official_schema_is_not_blind(wrong: dict[str, Any]) -> None:
    assert list(Draft7Validator(OFFICIAL).iter_errors({**DOCUMENT, **wrong})) != []


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > 20
    for reference in found:
        assert isinstance(target(reference), dict), reference


@pytest.mark.parametrize(("name", "schema"), DOCUMENT["components"]["schemas"].items(), ids=lambda part: str(part)[:30])
def test_every_schema_is_one_of_draft_7(name: str, schema: Any) -> None:
    Draft7Validator.check_schema(schema)
    assert schema["title"] == name
    assert not {"prefixItems", "$defs"} & set(re.findall(r"'([\w$]+)':", repr(schema)))


# --- topics ----------------------------------------------------------------------------------------------------------


def test_every_topic_of_the_contract_is_a_channel_with_an_operation() -> None:
    names = {topic.name for topic in TOPICS}
    assert set(DOCUMENT["channels"]) == names
    operations = {
        operation["channel"]["$ref"].removeprefix("#/channels/"): operation["action"]
        for operation in DOCUMENT["operations"].values()
    }
    assert operations == {name: "receive" if name.startswith("bank.") else "send" for name in names}


def test_the_types_of_a_channel_are_those_of_its_schema() -> None:
    types = {channel.topic: {kind.type for kind in channel.kinds if kind.type is not None} for channel in CHANNELS}
    assert types == {topic.name: set(topic.messages) for topic in TOPICS}


@pytest.mark.parametrize(
    "spec", [spec for spec in topic_specs(SETTINGS) if spec.name in DOCUMENT["channels"]], ids=lambda spec: spec.name
)
def test_topics_are_made_as_the_bindings_say(spec: Any) -> None:
    binding = DOCUMENT["channels"][spec.name]["bindings"]["kafka"]
    said = binding["topicConfiguration"]
    assert {name: str(part) for name, part in said.items() if name != "cleanup.policy"}.items() <= spec.config.items()
    assert said["cleanup.policy"] == [spec.config["cleanup.policy"]]
    assert binding.get("partitions") == (1 if spec.single_partition else None)


# --- messages and their examples -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=lambda part: str(part)[:40])
def test_every_example_is_as_its_message_says(name: str, example: Any) -> None:
    message = MESSAGES[name]
    assert list(Draft7Validator(resolved(message["payload"])).iter_errors(example["payload"])) == []
    if "headers" in message:
        assert list(Draft7Validator(resolved(message["headers"])).iter_errors(example["headers"])) == []
        assert example["headers"]["ce_id"] == example["payload"]["id"]
    else:
        assert "headers" not in example


def test_decisions_and_alerts_are_not_taken_for_each_other() -> None:
    [decision, *_] = MESSAGES["loanDecided"]["examples"]
    assert list(Draft7Validator(resolved(MESSAGES["loanAlerted"]["payload"])).iter_errors(decision["payload"])) != []


@pytest.mark.parametrize("name", sorted(set(MESSAGES) - {"customerForgotten", "policyInForce"}))
def test_the_schemas_are_not_blind(name: str) -> None:
    payload = MESSAGES[name]["examples"][0]["payload"]
    for field in payload:
        wrong = {**payload, field: [{"no": "such thing"}]}
        if not {"channel", "purpose", "term_months", "days_past_due"} & {field}:
            assert list(Draft7Validator(resolved(MESSAGES[name]["payload"])).iter_errors(wrong)) != [], field


def test_every_message_has_examples_and_every_kind_its_own() -> None:
    names = {name: [example.get("name") for example in message["examples"]] for name, message in MESSAGES.items()}
    assert set(names["loanDecided"]) == set(get_args(LoanOutcome))
    assert set(names["loanAlerted"]) == set(get_args(AlertReason))
    assert set(names["customerAction"]) == set(get_args(Action))
    campaigns = {tuple(name.split(", ")) for name in names["campaignTriggered"]}
    assert {kind for kind, _ in campaigns} == {"gift", "cash_back", "near_tier", "dormant", "welcome", "at_risk"}
    assert {group for _, group in campaigns} == set(get_args(Group))


def test_the_examples_of_outputs_are_what_simulate_gives_for_those_events() -> None:
    shown = [(name, example["payload"]) for name, example in EXAMPLES]
    outputs = [json.loads(output.value) for output in Simulation(load_policy(POLICY)).work(events()).outputs]
    written = {"tierChanged", "deadLetter", "campaignTriggered", "loanDecided", "loanAlerted"}
    assert [payload for name, payload in shown if name in written and payload not in outputs] == []


def test_samples_are_the_same_on_every_run() -> None:
    assert samples() == samples()
