"""What all messages share: which rules decided, what caused it, how far the inputs were, the CloudEvents headers."""

from collections.abc import Mapping, Sequence

import msgspec

from streams.contracts.outputs import CauseMessage, PolicyName
from streams.policy.policy import Policy
from streams.values.events import Cause

Headers = Sequence[tuple[str, bytes]]


encode = msgspec.json.Encoder().encode


class Envelope:
    """What the messages of one partition under one policy share."""

    def __init__(self, policy: Policy, topics: Sequence[str], partition: int, source: str) -> None:
        self.policy = policy
        self.policy_name = msgspec.Raw(encode(PolicyName(policy.name, policy.version, policy.digest)))
        self._topics = topics
        self._partition = partition
        self._source = source.encode()

    def cause(self, cause: Cause | None) -> CauseMessage | None:
        """The event that led to it; None where it was time alone."""
        if cause is None:
            return None
        topic = self._topics[cause.topic]
        return CauseMessage(cause.event_id, topic, self._partition, cause.offset, cause.occurred_at_ms)

    def positions(self, next_offsets: Sequence[int]) -> Mapping[str, int]:
        """The last offset of each topic that was worked. next_offsets: by topic number, the one after it."""
        return {topic: offset - 1 for topic, offset in zip(self._topics, next_offsets, strict=True) if offset > 0}

    def headers(self, id_: str, kind: str, at_ms: int, subject: str) -> Headers:
        """The CloudEvents 1.0 attributes, in Kafka's binary mode."""
        return [
            ("ce_id", id_.encode()),
            ("ce_source", self._source),
            ("ce_type", kind.encode()),
            ("ce_time", self.policy.calendar.rfc3339(at_ms).encode()),
            ("ce_subject", subject.encode()),
            ("ce_specversion", b"1.0"),
            ("content-type", b"application/json"),
        ]
