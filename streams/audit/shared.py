"""What the audits of all partitions share."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from streams.audit.gathered import Gathered
from streams.audit.in_force import History
from streams.audit.opened import Opener
from streams.audit.rates import RatesThen
from streams.audit.report import Report
from streams.kafka.offsets import Offsets, Span
from streams.kafka.tape import Tape
from streams.policy.policy import Policy
from streams.settings import Settings


class AuditRun(NamedTuple):
    """One audit, whatever the partition."""

    settings: Settings
    offsets: Offsets
    opener: Opener
    policies: Mapping[str, Policy]  # by digest
    history: History  # which of them came into force, and when
    rates: RatesThen
    only: bytes | None  # the key of the one customer who is audited; None for all
    report: Report
    candidates: Gathered | None  # None where only one customer is audited
    granted: Gathered | None  # triggers that a budget granted; None as above
    handed_on: Gathered | None  # what merges handed on; None as above, and where the log's beginning is not audited
    advance: Callable[[int], None]  # called with the number of input offsets that were replayed

    def tape(
        self,
        tp: TopicPartition,
        span: Span,
        keep: Callable[[Any], bool] | None = None,
        opened: Callable[[Any], Any] | None = None,
    ) -> Tape:
        """Makes a tape of a topic partition. keep: says which records are looked at; None: all. opened: as for Tape."""
        return Tape(self.settings.client_options(), tp, *span, keep, bare=True, opened=opened)
