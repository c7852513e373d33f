"""The Prometheus metrics of a worker (docs/operations.md#health), updated once a batch, never once a record."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
"""The Content-Type of what `Metrics.render` gives."""

_BATCH_EVENTS: Final = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000)
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# The usual delay is below 0.1 s, so the buckets are fine there. They reach to half an hour to tell outages apart.
_DELAY_SECONDS: Final = (0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800)
_RECOVERY_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One committed batch of one partition of a stage.

    `compute_seconds` is for working and packing it, `commit_seconds` for its transaction. `delay_seconds` is from the
    timestamp of its newest record to the commit; None for a batch without records. `tally` counts what happened, by the
    name of a metric and its labels; names that COUNTED lacks are ignored. `lag_by_topic` counts the records still to be
    read. `shown` holds the values of gauges, by the name of a gauge and its labels. `steps` has the seconds of each
    step, by its name (STEPS).
    """

    stage: str
    partition: int
    events: int
    compute_seconds: float
    commit_seconds: float
    delay_seconds: float | None = None
    tally: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    lag_by_topic: Mapping[str, int] = field(default_factory=dict)
    shown: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    steps: Mapping[str, float] = field(default_factory=dict)


STEPS: Final[Mapping[str, str]] = {
    "fetch": "from the timestamp of its oldest record to the arrival of that",
    "wait": "from the first arrival until the lane takes it up",
    "decode": "decoding, and waiting for turns to do so",
    "work": "deciding, and waiting for turns",
    "pack": "packing, and waiting for turns",
    "commit": "the transaction",
    "add_partitions": "of it: the answer that adds the partitions",
    "add_offsets": "of it: the answer that adds the group",
    "produce": "of it: the answers to what is produced, added up",
    "offsets": "of it: the answer that commits the group's offsets",
    "end": "of it: the answer that ends it",
}
"""The steps of a batch, in their order; those of one transaction overlap."""

COUNTED: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "events": ("tierflow_events_total", "Input events by what became of them.", ("topic", "outcome")),
    "changes": ("tierflow_tier_changes_total", "Tier changes.", ("direction", "reason", "tier")),
    "triggered": ("tierflow_campaign_triggers_total", "Campaign triggers.", ("campaign", "group")),
    "granted": ("tierflow_campaign_granted_total", "Triggers that a budget has granted.", ("campaign",)),
    "refused": ("tierflow_campaign_refused_total", "Triggers that a spent budget has refused.", ("campaign",)),
    "risks": (
        "tierflow_risk_messages_total",
        "Loan decisions by outcome, and alerts by reason.",
        ("kind", "outcome"),
    ),
    "dead_letters": ("tierflow_dead_letters_total", "Inputs that could not be used.", ("reason",)),
    "intake": ("tierflow_intake_rows_total", "Rows of sources by what became of them.", ("source", "outcome")),
    "source_dead_letters": (
        "tierflow_source_dead_letters_total",
        "Rows of sources that could not be mapped.",
        ("source", "reason"),
    ),
}
"""The counters that a stage's tally feeds, by the name used there: the metric, its help text, and its labels.

The outcome of "events" is applied, repeated, repeated_differently, erased, not_counted or dead_letter; that of "risks"
is the outcome of a decision, or the reason of an alert; that of "intake" is mapped, skipped, waiting, repeated or
dead_letter.
"""


class Metrics:
    """The metrics of one worker. Each has its own registry, so that two workers in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._make_batch_metrics()
        self._make_partition_metrics()
        Info("tierflow_build", "What is running.", registry=self.registry).info({"version": _version()})
        ProcessCollector(registry=self.registry)

    def _make_batch_metrics(self) -> None:
        # Of each, what gives it for its labels, once looked up: that takes as long as to count. None is ever removed.
        own = self.registry
        self._batches = cache(Counter("tierflow_batches_total", "Batches committed.", ["stage"], registry=own).labels)
        self._batch_events = self._histogram("tierflow_batch_events", "Events in a batch.", _BATCH_EVENTS)
        self._compute = self._histogram("tierflow_batch_seconds", "Deciding a batch.", _SECONDS)
        self._commit = self._histogram("tierflow_commit_seconds", "The transaction of a batch.", _SECONDS)
        self._steps = self._histogram(
            "tierflow_batch_step_seconds", "A step of a batch, from arrival to commit.", _SECONDS, "step"
        )
        self._delay = self._histogram(
            "tierflow_event_delay_seconds", "From the newest record of a batch to its commit.", _DELAY_SECONDS
        )
        self._counted = {
            name: cache(Counter(metric, says, labels, registry=own).labels)
            for name, (metric, says, labels) in COUNTED.items()
        }

    def _histogram(self, name: str, says: str, buckets: tuple[float, ...], *more: str) -> Callable[..., Histogram]:
        return cache(Histogram(name, says, ["stage", *more], buckets=buckets, registry=self.registry).labels)

    def _make_partition_metrics(self) -> None:
        own, place = self.registry, ["stage", "partition"]
        self._lag = Gauge("tierflow_lag_records", "Records still to be read.", ["topic", "partition"], registry=own)
        self._shown = {
            "customers": Gauge(
                "tierflow_customers", "Customers of the partitions held here.", ["partition", "tier"], registry=own
            ),
            "accounts_waiting": Gauge(
                "tierflow_accounts_waiting_records",
                "Bookings that wait for their account, of the partitions held here.",
                ["partition"],
                registry=own,
            ),
        }
        self._shown_labels: dict[tuple[str, int], frozenset[tuple[str, ...]]] = {}
        self._takeovers = Counter(
            "tierflow_takeovers_total", "Partitions taken over and recovered.", place, registry=own
        )
        self._recovery = Histogram(
            "tierflow_recovery_seconds", "Recovering one partition.", ["stage"], buckets=_RECOVERY_SECONDS, registry=own
        )
        self._recovered = Counter(
            "tierflow_recovered_records_total", "State records read while recovering.", ["stage"], registry=own
        )
        self._failures = Counter(
            "tierflow_transaction_failures_total", "Transactions failed or in doubt.", place, registry=own
        )
        self._epochs_raised = Counter(
            "tierflow_epochs_raised_total",
            "Ends of transactions that were not answered at first: the producer's epoch was raised.",
            place,
            registry=own,
        )
        self._ready = Gauge(
            "tierflow_ready", "1 when partitions are assigned and taken over, and the group answers.", registry=own
        )

    def record_batch(self, batch: Batch) -> None:
        """Counts one committed batch, and sets the gauges of its partition."""
        self._batches(batch.stage).inc()
        self._batch_events(batch.stage).observe(batch.events)
        for (name, *labels), count in batch.tally.items():
            if name in self._counted:
                self._counted[name](*labels).inc(count)
        self._compute(batch.stage).observe(batch.compute_seconds)
        self._commit(batch.stage).observe(batch.commit_seconds)
        for step, seconds in batch.steps.items():
            self._steps(batch.stage, step).observe(seconds)
        if batch.delay_seconds is not None:
            self._delay(batch.stage).observe(batch.delay_seconds)
        for topic, lag in batch.lag_by_topic.items():
            self._lag.labels(topic, str(batch.partition)).set(lag)
        self.show(batch.stage, batch.partition, batch.shown)

    def show(self, stage: str, partition: int, shown: Mapping[tuple[str, ...], int]) -> None:
        """Sets the gauges of a partition, by name and labels; those of before that are not among them are removed."""
        for name, *labels in self._shown_labels.get((stage, partition), frozenset()) - shown.keys():
            self._shown[name].remove(str(partition), *labels)
        for (name, *labels), count in shown.items():
            self._shown[name].labels(str(partition), *labels).set(count)
        self._shown_labels[stage, partition] = frozenset(shown)

    def recovered(self, stage: str, partition: int, records: int, seconds: float) -> None:
        """Counts one take-over. records: how many the changelog had. seconds: until the partition was recovered."""
        self._takeovers.labels(stage, str(partition)).inc()
        self._recovered.labels(stage).inc(records)
        self._recovery.labels(stage).observe(seconds)

    def transaction_failed(self, stage: str, partition: int) -> None:
        """Counts a transaction that failed or whose outcome is unknown."""
        self._failures.labels(stage, str(partition)).inc()

    def epoch_raised(self, stage: str, partition: int) -> None:
        """Counts an end of a transaction that was not answered at first, after which a producer raised its epoch."""
        self._epochs_raised.labels(stage, str(partition)).inc()

    def partition_released(self, stage: str, partition: int, topics: Iterable[str]) -> None:
        """Removes the gauges of a partition: another worker shows them from now on. topics: the stage's inputs."""
        for topic in topics:
            self._lag.remove_by_labels({"topic": topic, "partition": str(partition)})
        self.show(stage, partition, {})

    def show_ready(self, ready: Callable[[], bool]) -> None:
        """Shows Prometheus whether this worker is ready, as of each question."""
        self._ready.set_function(ready)

    def render(self) -> bytes:
        """Gives all metrics in the text format of Prometheus; its Content-Type is `CONTENT_TYPE`."""
        return generate_latest(self.registry)


def _version() -> str:
    try:
        return version("tierflow")
    except PackageNotFoundError:
        return "unknown"
