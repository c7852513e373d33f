"""What Prometheus sees of `tierflow deliver` (docs/deliver.md#metrics)."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from streams.deliver.health import STATES, State

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
# From a quick answer to an outage of a day.
_DELAY_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400)


class DeliverMetrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = own = CollectorRegistry()
        by_endpoint = ["endpoint"]
        self.events = Counter(
            "tierflow_deliver_events_total", "Events by what became of them.", ["endpoint", "outcome"], registry=own
        )
        self.tries = Counter(
            "tierflow_deliver_tries_total", "Requests by their answer.", ["endpoint", "answer"], registry=own
        )
        name, text = "tierflow_deliver_request_seconds", "From a request to its answer."
        self.request = Histogram(name, text, by_endpoint, buckets=_REQUEST_SECONDS, registry=own)
        name, text = "tierflow_deliver_delay_seconds", "From the record in Kafka to the endpoint's acceptance."
        self.delay = Histogram(name, text, by_endpoint, buckets=_DELAY_SECONDS, registry=own)
        name, text = "tierflow_deliver_lag_records", "Records of the partitions held here not finished yet."
        self.lag = Gauge(name, text, by_endpoint, registry=own)
        name, text = "tierflow_deliver_waiting", "Events in memory, in flight ones included."
        self.waiting = Gauge(name, text, by_endpoint, registry=own)
        self.in_flight = Gauge("tierflow_deliver_in_flight", "Requests without an answer.", by_endpoint, registry=own)
        self._state = Gauge(
            "tierflow_deliver_state", "1 for the state that the endpoint is in.", ["endpoint", "state"], registry=own
        )
        self._kafka = Gauge(
            "tierflow_deliver_kafka", "1 while Kafka answers the endpoint's group.", by_endpoint, registry=own
        )
        name, text = "tierflow_deliver_oldest_age_seconds", "The age of the oldest event in memory."
        self.oldest = Gauge(name, text, by_endpoint, registry=own)
        name, text = "tierflow_deliver_last_success_timestamp_seconds", "When a part has succeeded for the last time."
        self.success = Gauge(name, text, ["endpoint", "part"], registry=own)
        self.reachable = Gauge("tierflow_kafka_reachable", "1 while any broker answers this process.", registry=own)
        ProcessCollector(registry=own)

    def show_kafka(self, endpoint: str, *, answers: bool) -> None:
        """Shows whether Kafka answers the group of the endpoint."""
        self._kafka.labels(endpoint).set(answers)

    def show_state(self, endpoint: str, state: State) -> None:
        """Shows which state the endpoint is in."""
        for each in STATES:
            self._state.labels(endpoint, each).set(each == state)


def lag_of(ends: Mapping[object, int | None], positions: Mapping[object, int]) -> int:
    """Counts the records between the positions and the ends of their partitions, as far as both are known."""
    return sum(max(0, (ends.get(tp) or 0) - position) for tp, position in positions.items())
