"""What all output messages share: policy, cause, positions of the inputs, and CloudEvents headers."""

from collections.abc import Mapping, Sequence

import msgspec

from streams.contracts.outputs import CauseMessage, PolicyName, WithoutRate
from streams.engine.outcomes import Unrated
from streams.policy.policy import Policy
from streams.values.events import Cause
from streams.values.money import format_e4

Headers = Sequence[tuple[str, bytes]]


encode = msgspec.json.Encoder().encode


def without_rate(unrated: Sequence[Unrated]) -> list[WithoutRate]:
    """Writes what is held in currencies without a rate."""
    return [WithoutRate(held.currency, format_e4(held.assets_e4), format_e4(held.loans_e4)) for held in unrated]


class Envelope:
    """The common parts of the messages of one partition under one policy."""

    def __init__(self, policy: Policy, topics: Sequence[str], partition: int, source: str) -> None:
        """Keeps what does not change. topics: the input topics' real names, by topic number. source: the ce_source."""
        self.policy = policy
        self.policy_name = msgspec.Raw(encode(PolicyName(policy.name, policy.version, policy.digest)))
        self._topics = topics
        self._partition = partition
        self._source = source.encode()

    def cause(self, cause: Cause | None) -> CauseMessage | None:
        """Gives the event that led to a decision, with its topic and offset; None where time alone decided."""
        if cause is None:
            return None
        topic = self._topics[cause.topic]
        return CauseMessage(cause.event_id, topic, self._partition, cause.offset, cause.occurred_at_ms)

    def positions(self, next_offsets: Sequence[int]) -> Mapping[str, int]:
        """Gives the last offset worked, by input topic; a topic of which nothing was worked is left out.

        next_offsets: by topic number, the offset after it.
        """
        return {topic: offset - 1 for topic, offset in zip(self._topics, next_offsets, strict=True) if offset > 0}

    def headers(self, id_: str, kind: str, at_ms: int, subject: str) -> Headers:
        """Gives the headers: CloudEvents 1.0 in Kafka's binary mode. kind: the ce_type. subject: the customer_id."""
        return [
            ("ce_id", id_.encode()),
            ("ce_source", self._source),
            ("ce_type", kind.encode()),
            ("ce_time", self.policy.calendar.rfc3339(at_ms).encode()),
            ("ce_subject", subject.encode()),
            ("ce_specversion", b"1.0"),
            ("content-type", b"application/json"),
        ]
