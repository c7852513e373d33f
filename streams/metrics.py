"""The Prometheus metrics of a worker (docs/operations.md#health).

Counters and histograms are counted once a batch, never once a record; gauges are worked out when Prometheus asks, so
none can stand still while what it shows goes on.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
"""The Content-Type of what `Metrics.render` gives."""

_BATCH_EVENTS: Final = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000)
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# The usual delay is below 0.1 s, so the buckets are fine there. They reach to half an hour to tell outages apart.
_DELAY_SECONDS: Final = (0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800)
# An event may tell of what happened days ago.
_AGE_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400, 604_800)
_RECOVERY_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One committed batch of one partition of a stage.

    `compute_seconds` is for working and packing it, `commit_seconds` for its transaction, which was known to be
    committed at `committed_ms` (epoch milliseconds). `written_ms` are the timestamps of its records, `happened_ms` the
    own times of its events. `tally` counts what happened, by the name of a metric and its labels;
    names that COUNTED lacks are ignored. `steps` has the seconds of each step, by its name (STEPS).
    """

    stage: str
    partition: int
    events: int
    compute_seconds: float
    commit_seconds: float
    committed_ms: int = 0
    written_ms: list[int] = field(default_factory=list)
    happened_ms: list[int] = field(default_factory=list)
    tally: Mapping[tuple[str, ...], int] = field(default_factory=dict)
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
    "left_in_peace": (
        "tierflow_campaign_held_back_total",
        "Triggers that the limits on contact have held back.",
        ("campaign",),
    ),
    "by_itself": ("tierflow_decisions_by_itself_total", "Decisions without an event, by why.", ("why",)),
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
    "tables": ("tierflow_table_rows_total", "Messages of outputs by what became of them.", ("output", "outcome")),
}
"""The counters that a stage's tally feeds, by the name used there: the metric, its help text, and its labels.

The outcome of "events" is applied, repeated, repeated_differently, erased, not_counted, handed_on or dead_letter; that
of "risks" is the outcome of a decision, or the reason of an alert; that of "intake" is mapped, skipped, waiting,
repeated or dead_letter; that of "tables" is written or foreign (no message of tierflow). The why of "by_itself" is due
(time alone) or rerated (another policy).
"""

GAUGES: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "lag": ("tierflow_lag_records", "Records still to be read of what is held here.", ("topic", "partition")),
    "group_lag": (
        "tierflow_group_lag_records",
        "Records that the group has not committed, of all partitions, whoever holds them; one worker asks.",
        ("topic", "partition"),
    ),
    "oldest": (
        "tierflow_oldest_record_age_seconds",
        "How long the oldest record that is not committed has waited.",
        ("stage", "partition"),
    ),
    "committed": (
        "tierflow_last_commit_timestamp_seconds",
        "When a batch was committed for the last time.",
        ("stage", "partition"),
    ),
    "success": (
        "tierflow_last_success_timestamp_seconds",
        "When a part of the process has succeeded for the last time.",
        ("part",),
    ),
    "timers_due": ("tierflow_timers_due", "Decisions by time alone that are due.", ("stage", "partition")),
    "timers_late": (
        "tierflow_timers_late_seconds",
        "How late the earliest decision by time alone is.",
        ("stage", "partition"),
    ),
    "customers": ("tierflow_customers", "Customers of the partitions held here.", ("partition", "tier")),
    "accounts_waiting": (
        "tierflow_accounts_waiting_records",
        "Bookings that wait for their account, of the partitions held here.",
        ("partition",),
    ),
    "stale": ("tierflow_rerating_customers", "Customers left to be rated by a new policy.", ("partition",)),
    "state_bytes": ("tierflow_state_bytes", "Packed states that are held here.", ("stage", "partition")),
    "keys_left": (
        "tierflow_keys_to_wrap",
        "Keys of customers left to be wrapped anew.",
        ("partition",),
    ),
    "policy": ("tierflow_policy_info", "The policy in force.", ("name", "version", "digest")),
    "reachable": ("tierflow_kafka_reachable", "1 while any broker answers this process.", ()),
}
"""The gauges that are asked for, by the name used there: the metric, its help text, and its labels."""

Shown = tuple[tuple[str, ...], float]
"""The name of a gauge in GAUGES and its labels, and its value."""


class DelayHistogram:
    """A histogram of delays by stage that takes a batch at once; prometheus_client's take a value at a time."""

    def __init__(self, name: str, says: str, bounds_s: tuple[float, ...]) -> None:
        self._name = name
        self._says = says
        self._bounds_ms = [int(1000 * bound) for bound in bounds_s]
        self._bounds = [*map(floatToGoString, bounds_s), "+Inf"]
        self._counts: dict[str, list[int]] = {}  # by stage: how many were at most each bound, and how many in all
        self._sums_ms: dict[str, int] = {}

    def observe(self, stage: str, began_ms: list[int], ended_ms: int) -> None:
        """Counts the delays since these times, which it puts in order. One that is still to come counts as none."""
        if not began_ms:
            return
        began_ms.sort()
        count, past = len(began_ms), bisect_right(began_ms, ended_ms)
        counts = self._counts.setdefault(stage, [0] * len(self._bounds))
        for place, bound_ms in enumerate(self._bounds_ms):
            counts[place] += count - bisect_left(began_ms, ended_ms - bound_ms)
        counts[-1] += count
        self._sums_ms[stage] = self._sums_ms.get(stage, 0) + past * ended_ms - sum(began_ms[:past])

    def collect(self) -> Iterator[Metric]:
        """Gives it to Prometheus."""
        family = HistogramMetricFamily(self._name, self._says, labels=["stage"])
        for stage, counts in self._counts.items():
            family.add_metric([stage], list(zip(self._bounds, counts, strict=True)), self._sums_ms[stage] / 1000)
        yield family


class AskedGauges:
    """The gauges of GAUGES, by what `ask` gives when Prometheus asks."""

    def __init__(self) -> None:
        self.ask: Callable[[], Iterable[Shown]] = tuple

    def collect(self) -> Iterator[Metric]:
        """Gives them to Prometheus; those without a value, too, as families without samples."""
        families = {
            name: GaugeMetricFamily(metric, says, labels=labels) for name, (metric, says, labels) in GAUGES.items()
        }
        for (name, *labels), value in self.ask():
            families[name].add_metric(labels, value)
        yield from families.values()


class Metrics:
    """The metrics of one worker. Each has its own registry, so that two workers in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._make_batch_metrics()
        self._make_partition_metrics()
        self._asked = AskedGauges()
        self.registry.register(self._asked)
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
        self._delays = DelayHistogram(
            "tierflow_event_delay_seconds", "From each record's timestamp to its commit.", _DELAY_SECONDS
        )
        self._ages = DelayHistogram(
            "tierflow_event_age_seconds", "From each event's own time to the commit of what it gave.", _AGE_SECONDS
        )
        own.register(self._delays)
        own.register(self._ages)
        self._transactions = cache(
            Counter(
                "tierflow_transactions_total", "Transactions by outcome.", ["stage", "outcome"], registry=own
            ).labels
        )
        self._counted = {
            name: cache(Counter(metric, says, labels, registry=own).labels)
            for name, (metric, says, labels) in COUNTED.items()
        }

    def _histogram(self, name: str, says: str, buckets: tuple[float, ...], *more: str) -> Callable[..., Histogram]:
        return cache(Histogram(name, says, ["stage", *more], buckets=buckets, registry=self.registry).labels)

    def _make_partition_metrics(self) -> None:
        own, place = self.registry, ["stage", "partition"]
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
        """Counts one committed batch."""
        self._batches(batch.stage).inc()
        self._transactions(batch.stage, "committed").inc()
        self._batch_events(batch.stage).observe(batch.events)
        for (name, *labels), count in batch.tally.items():
            if name in self._counted:
                self._counted[name](*labels).inc(count)
        self._compute(batch.stage).observe(batch.compute_seconds)
        self._commit(batch.stage).observe(batch.commit_seconds)
        for step, seconds in batch.steps.items():
            self._steps(batch.stage, step).observe(seconds)
        self._delays.observe(batch.stage, batch.written_ms, batch.committed_ms)
        self._ages.observe(batch.stage, batch.happened_ms, batch.committed_ms)

    def recovered(self, stage: str, partition: int, records: int, seconds: float) -> None:
        """Counts one take-over. records: how many the changelog had. seconds: until the partition was recovered."""
        self._takeovers.labels(stage, str(partition)).inc()
        self._recovered.labels(stage).inc(records)
        self._recovery.labels(stage).observe(seconds)

    def transaction_failed(self, stage: str, partition: int, *, fenced: bool = False) -> None:
        """Counts a transaction that failed or whose outcome is unknown. fenced: another owner has ended it."""
        self._failures.labels(stage, str(partition)).inc()
        self._transactions(stage, "fenced" if fenced else "failed").inc()

    def epoch_raised(self, stage: str, partition: int) -> None:
        """Counts an end of a transaction that was not answered at first, after which a producer raised its epoch."""
        self._epochs_raised.labels(stage, str(partition)).inc()

    def show(self, ask: Callable[[], Iterable[Shown]]) -> None:
        """Shows the gauges of GAUGES as `ask` gives them at each question."""
        self._asked.ask = ask

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
