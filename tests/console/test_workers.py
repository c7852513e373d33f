"""What is read of a worker's metrics."""

from pathlib import Path

import pytest

from streams.console.workers import PAGES, quantile, sample_of

CHECKOUT = Path(__file__).parents[2]

METRICS = b"""# TYPE tierflow_events_total counter
tierflow_events_total{topic="bank.balances",outcome="applied"} 40.0
tierflow_events_total{topic="bank.balances",outcome="repeated"} 2.0
# TYPE tierflow_event_delay_seconds histogram
tierflow_event_delay_seconds_bucket{stage="customers",le="0.1"} 9.0
tierflow_event_delay_seconds_bucket{stage="customers",le="+Inf"} 10.0
tierflow_event_delay_seconds_bucket{stage="budgets",le="0.1"} 99.0
# TYPE tierflow_lag_records gauge
tierflow_lag_records{topic="bank.balances",partition="2"} 5.0
tierflow_lag_records{topic="bank.loans",partition="2"} 1.0
tierflow_lag_records{topic="candidates",partition="3"} 7.0
# TYPE tierflow_oldest_record_age_seconds gauge
tierflow_oldest_record_age_seconds{stage="customers",partition="2"} 1.5
tierflow_oldest_record_age_seconds{stage="budgets",partition="3"} 9.0
"""


def test_events_delays_and_lags_of_the_inputs() -> None:
    found = sample_of(METRICS, frozenset({"bank.balances", "bank.loans"}), 1.0)
    assert found == (1.0, 42.0, {0.1: 9.0, float("inf"): 10.0}, {2: 6}, {2: 1.5})


@pytest.mark.parametrize(
    ("after", "share", "bound"),
    [
        ({0.1: 10.0, 1.0: 20.0, float("inf"): 20.0}, 0.5, 0.1),
        ({0.1: 10.0, 1.0: 20.0, float("inf"): 20.0}, 0.99, 1.0),
        ({0.1: 0.0, 1.0: 0.0, float("inf"): 9.0}, 0.5, 1.0),
        ({0.1: 0.0, 1.0: 0.0, float("inf"): 0.0}, 0.5, None),
        ({}, 0.5, None),
    ],
)
def test_the_bound_below_which_a_share_came(after: dict[float, float], share: float, bound: float | None) -> None:
    assert quantile({}, after, share) == bound


@pytest.mark.parametrize("page", PAGES)
def test_the_page_that_an_incident_names_is_there(page: str) -> None:
    assert CHECKOUT.joinpath(page.partition("#")[0]).is_file()
