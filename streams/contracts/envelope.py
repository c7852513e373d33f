"""What all output messages share: policy, cause, positions of the inputs, times, and CloudEvents headers."""

from collections.abc import Sequence

from streams.contracts.outputs import CauseMessage, PolicyName, RateOfDay, WithoutRate
from streams.contracts.templates import NULL, encode, optional, template
from streams.engine.outcomes import Unrated
from streams.policy.policy import Policy
from streams.policy.rates import DayRate
from streams.values.calendar import date_text
from streams.values.events import Cause
from streams.values.money import ONE_RATE, RATE_DECIMALS, format_e4

Headers = Sequence[tuple[str, bytes]]


def without_rate(unrated: Sequence[Unrated]) -> list[WithoutRate]:
    """Writes what is held in currencies without a rate."""
    return [WithoutRate(held.currency, format_e4(held.assets_e4), format_e4(held.loans_e4)) for held in unrated]


def rates_of_days(rates: Sequence[DayRate]) -> list[RateOfDay]:
    """Writes the rates that a decision was made with."""
    return [RateOfDay(rate.currency, rate_text(rate.rate_e8), date_text(rate.day)) for rate in rates]


def rate_text(rate_e8: int) -> str:
    """Writes a rate with as many decimals as it needs, and at least one."""
    whole, part = divmod(rate_e8, ONE_RATE)
    digits = f"{part:0{RATE_DECIMALS}d}"
    return f"{whole}.{digits[0]}{digits[1:].rstrip('0')}"


def optional_rates(rates: Sequence[DayRate]) -> bytes:
    """Writes the field of the rates of a message; nothing where there are none."""
    return optional("rates", encode(rates_of_days(rates))) if rates else b""


class Envelope:
    """The common parts of the messages of one partition under one policy, as JSON and as headers."""

    def __init__(self, policy: Policy, topics: Sequence[str], partition: int, source: str) -> None:
        """Writes what does not change. topics: the input topics' real names, by topic number. source: the ce_source."""
        self.policy = policy
        self.policy_name = PolicyName(policy.name, policy.version, policy.digest)
        self._causes = [template(CauseMessage, topic=topic, partition=partition) for topic in topics]
        self._positions = [encode(topic).replace(b"%", b"%%") + b":%d" for topic in topics]
        self._source = "ce_source", source.encode()
        self._write_time(0)

    def time(self, at_ms: int) -> bytes:
        """Writes the instant of a decision. Most decisions of a batch have the same."""
        if at_ms != self._at_ms:
            self._write_time(at_ms)
        return self._time

    def cause(self, cause: Cause | None) -> bytes:
        """Writes the event that led to a decision, with its topic and offset; null where time alone decided."""
        if cause is None:
            return NULL
        filled = encode(cause.event_id), encode(cause.offset), encode(cause.occurred_at_ms)
        return self._causes[cause.topic] % filled

    def positions(self, next_offsets: Sequence[int]) -> bytes:
        """Writes the last offset worked, by input topic; a topic of which nothing was worked is left out.

        next_offsets: by topic number, the offset after it.
        """
        written = [self._positions[number] % (offset - 1) for number, offset in enumerate(next_offsets) if offset]
        return b"{%b}" % b",".join(written)

    def headers(self, id_: str, kind: bytes, at_ms: int, subject: str) -> Headers:
        """Gives the headers: CloudEvents 1.0 in Kafka's binary mode. kind: the ce_type. subject: the customer_id."""
        if at_ms != self._at_ms:
            self._write_time(at_ms)
        return [
            ("ce_id", id_.encode()),
            self._source,
            ("ce_type", kind),
            self._ce_time,
            ("ce_subject", subject.encode()),
            ("ce_specversion", b"1.0"),
            ("content-type", b"application/json"),
        ]

    def _write_time(self, at_ms: int) -> None:
        written = self.policy.calendar.rfc3339(at_ms)
        self._at_ms = at_ms
        self._time = encode(written)
        self._ce_time = "ce_time", written.encode()
