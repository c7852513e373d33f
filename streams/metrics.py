"""What Prometheus sees of a worker: taken once a batch, never once a record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
"""The Content-Type of what `Metrics.render` gives."""

_BATCH_EVENTS: Final = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000)
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# The aim is below 0.1 s and the outages to be told apart last minutes: finer low down, further up than a batch takes.
_DELAY_SECONDS: Final = (0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800)
_RECOVERY_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutcome:
    """One committed batch of one partition.

    `events_by_topic_and_outcome` counts by (topic, outcome), outcome being applied, repeated, dead_letter or
    replayed (dropped, because a transaction had already counted it); `changes` counts by (direction, reason, tier);
    `triggered` by (campaign, group), `risks` by (decision or alert, outcome or reason), `dead_letters` by reason.
    `compute_seconds` is decoding and deciding, `commit_seconds` the transaction.
    `delay_seconds` is from the timestamp of the newest record to the commit, None for a batch of time alone.
    `lag_by_topic` is the number of records still to be read, `customers_by_tier` all customers of the partition.
    """

    partition: int
    compute_seconds: float
    commit_seconds: float
    delay_seconds: float | None = None
    events_by_topic_and_outcome: Mapping[tuple[str, str], int] = field(default_factory=dict)
    changes: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    triggered: Mapping[tuple[str, str], int] = field(default_factory=dict)
    risks: Mapping[tuple[str, str], int] = field(default_factory=dict)
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    lag_by_topic: Mapping[str, int] = field(default_factory=dict)
    customers_by_tier: Mapping[str, int] = field(default_factory=dict)


class Metrics:
    """The metrics of one worker, in a registry of their own: two in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._make_batch_metrics()
        self._make_partition_metrics()
        Info("tierflow_build", "What is running.", registry=self.registry).info({"version": _version()})
        ProcessCollector(registry=self.registry)

    def _make_batch_metrics(self) -> None:
        own = self.registry
        self._batches = Counter("tierflow_batches_total", "Batches committed.", registry=own)
        self._batch_events = Histogram(
            "tierflow_batch_events", "Events in a batch.", buckets=_BATCH_EVENTS, registry=own
        )
        self._events = Counter(
            "tierflow_events_total", "Input events by what became of them.", ["topic", "outcome"], registry=own
        )
        self._compute = Histogram(
            "tierflow_batch_seconds", "Decoding and deciding a batch.", buckets=_SECONDS, registry=own
        )
        self._commit = Histogram(
            "tierflow_commit_seconds", "The transaction of a batch.", buckets=_SECONDS, registry=own
        )
        self._delay = Histogram(
            "tierflow_event_delay_seconds",
            "From the newest record of a batch to its commit.",
            buckets=_DELAY_SECONDS,
            registry=own,
        )
        self._changes = Counter(
            "tierflow_tier_changes_total", "Tier changes.", ["direction", "reason", "tier"], registry=own
        )
        self._triggered = Counter(
            "tierflow_campaign_triggers_total", "Campaign triggers.", ["campaign", "group"], registry=own
        )
        self._granted = Counter(
            "tierflow_campaign_granted_total", "Triggers that a budget has granted.", ["campaign"], registry=own
        )
        self._refused = Counter(
            "tierflow_campaign_refused_total", "Triggers that a spent budget has refused.", ["campaign"], registry=own
        )
        self._risks = Counter(
            "tierflow_risk_messages_total",
            "Loan decisions by outcome, and alerts by reason.",
            ["kind", "outcome"],
            registry=own,
        )
        self._dead_letters = Counter(
            "tierflow_dead_letters_total", "Inputs that could not be used.", ["reason"], registry=own
        )

    def _make_partition_metrics(self) -> None:
        own = self.registry
        self._lag = Gauge("tierflow_lag_records", "Records still to be read.", ["topic", "partition"], registry=own)
        self._customers = Gauge(
            "tierflow_customers", "Customers of the partitions held here.", ["partition", "tier"], registry=own
        )
        self._tiers_shown: dict[int, frozenset[str]] = {}
        self._takeovers = Counter(
            "tierflow_takeovers_total", "Partitions taken over and recovered.", ["partition"], registry=own
        )
        self._recovery = Histogram(
            "tierflow_recovery_seconds", "Recovering one partition.", buckets=_RECOVERY_SECONDS, registry=own
        )
        self._recovered = Counter(
            "tierflow_recovered_records_total", "State records read while recovering.", registry=own
        )
        self._failures = Counter(
            "tierflow_transaction_failures_total", "Transactions failed or in doubt.", ["partition"], registry=own
        )
        self._ready = Gauge("tierflow_ready", "1 when every partition held here is recovered.", registry=own)

    def record_batch(self, outcome: BatchOutcome) -> None:
        """Count one committed batch and show where its partition stands."""
        self._batches.inc()
        self._batch_events.observe(sum(outcome.events_by_topic_and_outcome.values()))
        for (topic, what), count in outcome.events_by_topic_and_outcome.items():
            self._events.labels(topic, what).inc(count)
        for (direction, reason, tier), count in outcome.changes.items():
            self._changes.labels(direction, reason, tier).inc(count)
        for (campaign, group), count in outcome.triggered.items():
            self._triggered.labels(campaign, group).inc(count)
        for (kind, what), count in outcome.risks.items():
            self._risks.labels(kind, what).inc(count)
        for reason, count in outcome.dead_letters.items():
            self._dead_letters.labels(reason).inc(count)
        self._compute.observe(outcome.compute_seconds)
        self._commit.observe(outcome.commit_seconds)
        if outcome.delay_seconds is not None:
            self._delay.observe(outcome.delay_seconds)
        for topic, lag in outcome.lag_by_topic.items():
            self._lag.labels(topic, str(outcome.partition)).set(lag)
        self.show_customers(outcome.partition, outcome.customers_by_tier)

    def record_grants(self, granted: Mapping[tuple[str, str], int], refused: Mapping[str, int]) -> None:
        """Count what budgets have granted, by (campaign, group), and refused, by campaign, in one transaction."""
        for (campaign, group), count in granted.items():
            self._triggered.labels(campaign, group).inc(count)
            self._granted.labels(campaign).inc(count)
        for campaign, count in refused.items():
            self._refused.labels(campaign).inc(count)

    def show_customers(self, partition: int, customers_by_tier: Mapping[str, int]) -> None:
        """Show all customers of a partition by tier; a tier that is not named is no longer shown."""
        for tier in self._tiers_shown.get(partition, frozenset()) - customers_by_tier.keys():
            self._customers.remove(str(partition), tier)
        for tier, count in customers_by_tier.items():
            self._customers.labels(str(partition), tier).set(count)
        self._tiers_shown[partition] = frozenset(customers_by_tier)

    def recovered(self, partition: int, records: int, seconds: float) -> None:
        """Count one takeover of a partition: the state records read and the time until it was ready."""
        self._takeovers.labels(str(partition)).inc()
        self._recovered.inc(records)
        self._recovery.observe(seconds)

    def transaction_failed(self, partition: int) -> None:
        """Count a transaction that failed, or whose outcome is unknown."""
        self._failures.labels(str(partition)).inc()

    def partition_released(self, partition: int) -> None:
        """Take the partition's gauges away: another worker shows them from now on."""
        self._tiers_shown.pop(partition, None)
        self._lag.remove_by_labels({"partition": str(partition)})
        self._customers.remove_by_labels({"partition": str(partition)})

    def set_ready(self, ready: bool) -> None:  # noqa: FBT001 - a property setter in all but syntax
        """Show whether this worker is ready."""
        self._ready.set(ready)

    def render(self) -> bytes:
        """Give all metrics in the text format of Prometheus; its Content-Type is `CONTENT_TYPE`."""
        return generate_latest(self.registry)


def _version() -> str:
    try:
        return version("tierflow")
    except PackageNotFoundError:
        return "unknown"
