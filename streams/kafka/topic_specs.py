"""What the topics of an app must be: their settings, which tierflow's guarantees need, and what does not fit in them.

See docs/operations.md#topics-in-production. Topics are made and asked about in topics.py.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.contracts.packing import changelog_bytes
from streams.errors import UsageError
from streams.kafka.never_taken import MAX_MESSAGE_BYTES
from streams.settings import Settings
from streams.tables.columns import TABLES

FOREVER_MS = -1
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
OUTPUTS = ("changes", "campaigns", "risk", "erasures", "order")
CLEANUP_POLICY = "cleanup.policy"
TIMESTAMP_TYPE = "message.timestamp.type"
LOOKED_AT = (CLEANUP_POLICY, MAX_MESSAGE_BYTES, TIMESTAMP_TYPE)
# What every topic must take that is written: record batches have up to 900,000 bytes (producers.BATCH_BYTES).
WRITTEN_BYTES = 1_000_000
_MIB = 1 << 20

# Set explicitly: with the broker's default of 7 days, or of a size, the audit could not reach further back.
_RETAINED = {"cleanup.policy": "delete", "retention.ms": str(FOREVER_MS), "retention.bytes": "-1"}
# A dead letter holds its input in base64, which is a third longer; with the broker's default limit of 1 MiB, letters of
# large inputs would hold but their beginnings.
_DEAD_LETTERS = {**_RETAINED, MAX_MESSAGE_BYTES: str(4 << 20)}
_COMPACTED = {
    "cleanup.policy": "compact",
    "segment.bytes": str(64 << 20),
    "segment.ms": str(HOUR_MS),
    "min.cleanable.dirty.ratio": "0.2",
    "max.compaction.lag.ms": str(DAY_MS),
    "delete.retention.ms": str(7 * DAY_MS),
}
# The broker's own time stands in each record (broker_clock.py).
_STAMPED = {**_COMPACTED, TIMESTAMP_TYPE: "LogAppendTime"}


class TopicSpec(NamedTuple):
    """A topic as it must be: its name, its settings, and whether it has one partition or as many as the inputs.

    record_bytes: the least that its limit on records may be; 0 where tierflow does not write.
    """

    name: str
    config: Mapping[str, str]
    single_partition: bool = False
    record_bytes: int = WRITTEN_BYTES


def topic_specs(settings: Settings) -> list[TopicSpec]:
    """Gives all topics of an app, inputs and internal ones included."""
    return [
        *(TopicSpec(name, _RETAINED, record_bytes=0) for name in settings.input_topics()),
        *(TopicSpec(name, _RETAINED, single_partition=True, record_bytes=0) for name in settings.rates_topics()),
        *(TopicSpec(settings.output_topic(name), _RETAINED) for name in OUTPUTS),
        TopicSpec(settings.output_topic("dead-letters"), _DEAD_LETTERS),
        TopicSpec(settings.output_topic("dead-letters-replayed"), _RETAINED, single_partition=True),
        TopicSpec(settings.output_topic("current"), _COMPACTED),
        TopicSpec(settings.output_topic("policies"), _COMPACTED, single_partition=True),
        TopicSpec(settings.owner_topic, _STAMPED, single_partition=True),
        _changelog_spec(settings),
        TopicSpec(settings.candidates_topic, _RETAINED),
        TopicSpec(settings.budgets_changelog_topic, _COMPACTED),
        *([TopicSpec(settings.keys_topic, _COMPACTED)] if settings.keys.are_on else []),
        *table_specs(settings),
        # They hold whole events that `tierflow deliver` could not deliver: as large as dead letters.
        TopicSpec(settings.parked_topic, _DEAD_LETTERS),
        TopicSpec(settings.resend_topic, _DEAD_LETTERS),
    ]


def table_specs(settings: Settings) -> list[TopicSpec]:
    """Gives the topics of the outputs as tables; none where these are not written."""
    if settings.tables == "off":
        return []
    rows = (TopicSpec(settings.table_topic(name), _COMPACTED if name == "current" else _RETAINED) for name in TABLES)
    return [*rows, TopicSpec(settings.tables_changelog_topic, _COMPACTED)]


def intake_specs(settings: Settings, sources: Iterable[str]) -> list[TopicSpec]:
    """Gives the topics that `tierflow intake` has beside its sources and the inputs. sources: their names."""
    letters = TopicSpec(settings.output_topic("source-dead-letters"), _DEAD_LETTERS)
    of_sources = (TopicSpec(settings.intake_changelog(source), _COMPACTED) for source in sources)
    return [letters, *of_sources, *account_specs(settings)]


def account_specs(settings: Settings) -> list[TopicSpec]:
    """Gives the topics of the stages of accounts; none where these do not run."""
    if not settings.accounts:
        return []
    return [
        TopicSpec(settings.input_topic("accounts"), _RETAINED, record_bytes=0),
        # The broker's own time says how long a booking has waited.
        TopicSpec(settings.by_account_topic, {**_RETAINED, TIMESTAMP_TYPE: "LogAppendTime"}),
        TopicSpec(settings.account_records_changelog, _COMPACTED),
        TopicSpec(settings.accounts_changelog_topic, {**_COMPACTED, MAX_MESSAGE_BYTES: str(8 * _MIB)}),
    ]


def _changelog_spec(settings: Settings) -> TopicSpec:
    needed = changelog_bytes(settings.remembered_ids)
    made_with = max(8 * _MIB, -(-needed // _MIB) * _MIB)
    return TopicSpec(settings.changelog_topic, {**_COMPACTED, MAX_MESSAGE_BYTES: str(made_with)}, record_bytes=needed)


def missing_topics(missing: Iterable[str]) -> UsageError:
    """Gives the error of a command that needs topics that are not there."""
    return UsageError(f"missing: {', '.join(missing)}; make the topics with: tierflow topics create")


def misfits(spec: TopicSpec, config: Mapping[str, str], settings: Settings) -> list[str]:
    """Says what is wrong with a topic's settings; gives nothing if they fit."""
    return [
        *_cleanup_misfits(spec, config[CLEANUP_POLICY]),
        *_size_misfits(spec, config[MAX_MESSAGE_BYTES], settings),
        *_stamp_misfits(spec, config[TIMESTAMP_TYPE], settings),
    ]


def _cleanup_misfits(spec: TopicSpec, cleanup_policy: str) -> list[str]:
    wanted = spec.config[CLEANUP_POLICY]
    if set(cleanup_policy.split(",")) == {wanted}:
        return []
    why = {
        "compact": "deleting by age would lose the state of quiet customers",
        "delete": "compaction would drop records that the audit needs",
    }[wanted]
    return [
        f"{spec.name} has cleanup.policy={cleanup_policy}, it must be {wanted}: {why}; change it with kafka-configs"
    ]


def _size_misfits(spec: TopicSpec, max_message_bytes: str, settings: Settings) -> list[str]:
    if int(max_message_bytes) >= spec.record_bytes:
        return []
    enough = spec.config.get(MAX_MESSAGE_BYTES, str(_MIB))
    sentence = (
        f"{spec.name} has max.message.bytes={max_message_bytes} (the broker's message.max.bytes, where the topic has "
        f"none of its own), it must be at least {spec.record_bytes}: a larger record would be refused; "
        + _change(settings, spec.name, MAX_MESSAGE_BYTES, enough)
    )
    return [sentence]


def _stamp_misfits(spec: TopicSpec, timestamp_type: str, settings: Settings) -> list[str]:
    wanted = spec.config.get(TIMESTAMP_TYPE, timestamp_type)
    return [] if timestamp_type == wanted else [not_stamped(settings, spec.name)]


def not_stamped(settings: Settings, topic: str) -> str:
    """Says that a topic does not put the broker's time into its records, and how to change that."""
    change = _change(settings, topic, TIMESTAMP_TYPE, _STAMPED[TIMESTAMP_TYPE])
    return f"{topic} must stamp records with the broker's time, or nobody knows it; {change}"


def _change(settings: Settings, topic: str, name: str, value: str) -> str:
    return (
        f"change it with: kafka-configs.sh --bootstrap-server {settings.bootstrap_servers} --alter "
        f"--entity-type topics --entity-name {topic} --add-config {name}={value}"
    )
