"""What says who was erased has to be kept as long as what could bring an erased customer back."""

import pytest

from streams.kafka.retention import outlived
from streams.kafka.topic_specs import DAY_MS, FOREVER_MS, topic_specs
from streams.settings import Settings

SETTINGS = Settings.from_environment({}, dotenv=None)
UNBOUNDED = {spec.name: -1 for spec in topic_specs(SETTINGS)}


@pytest.mark.parametrize(
    ("days", "outliving"),
    [
        ({}, []),
        ({"tier.dead-letters": 7, "bank.loans": 7}, []),
        ({"tier.erasures": 30, "tier.dead-letters": 30, "bank.customers": 30}, ["bank.customers", "tier.erasures"]),
        ({"tier.erasures": 30}, ["tier.erasures"]),
        ({"bank.customers": 30}, ["bank.customers"]),
        ({spec.name: 30 for spec in topic_specs(SETTINGS)}, []),
        ({spec.name: 30 for spec in topic_specs(SETTINGS)} | {"tierflow-deliver-parked": 31}, ["tier.erasures"]),
        ({spec.name: 30 for spec in topic_specs(SETTINGS)} | {"bank.credit": 31}, ["bank.customers"]),
        ({spec.name: 30 for spec in topic_specs(SETTINGS)} | {"tier.order": 31}, []),
    ],
)
def test_which_is_named_that_goes_first(days: dict[str, int], outliving: list[str]) -> None:
    kept_ms = {
        spec.name: days[spec.name] * DAY_MS if spec.name in days else FOREVER_MS for spec in topic_specs(SETTINGS)
    }
    notes = outlived(SETTINGS, kept_ms, UNBOUNDED)
    assert [note.split()[0] for note in notes] == outliving
    assert all(" may bring erased customers back" in note for note in notes)


def test_the_note_says_what_outlives_it() -> None:
    kept_ms = {spec.name: 30 * DAY_MS for spec in topic_specs(SETTINGS)} | {"tier.dead-letters": FOREVER_MS}
    [note] = outlived(SETTINGS, kept_ms, UNBOUNDED)
    assert note.startswith("tier.erasures is kept for less long than tier.dead-letters: dead-letters replay, deliver")


@pytest.mark.parametrize("topic", ["bank.customers", "tier.erasures"])
def test_what_says_who_was_erased_is_not_bounded_by_size(topic: str) -> None:
    kept_ms = {spec.name: FOREVER_MS for spec in topic_specs(SETTINGS)}
    [note] = outlived(SETTINGS, kept_ms, UNBOUNDED | {topic: 1 << 40})
    assert note.startswith(f"{topic} must not be bounded by size: ")
    assert note.endswith(" may bring erased customers back; write retention.bytes=-1")
    assert outlived(SETTINGS, kept_ms, UNBOUNDED | {"tier.changes": 1 << 40, "bank.loans": 1 << 40}) == []
