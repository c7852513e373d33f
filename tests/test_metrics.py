import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streams.deliver.metrics import DeliverMetrics
from streams.metrics import Batch, Metrics
from tests.support.laws import laws


def samples(metrics: Metrics) -> dict[str, float]:
    """All samples as `name{label=value,…}`, histogram buckets left out."""
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_a_batch_is_counted_once() -> None:
    metrics = Metrics()
    metrics.record_batch(
        Batch(
            stage="customers",
            partition=2,
            events=8,
            compute_seconds=0.01,
            commit_seconds=0.02,
            committed_ms=1_000,
            written_ms=[950] * 8,
            happened_ms=[400] * 7,
            tally={
                ("events", "bank.balances", "applied"): 7,
                ("events", "bank.credit", "dead_letter"): 1,
                ("changes", "upgrade", "threshold_crossed", "mid"): 3,
                ("dead_letters", "malformed"): 1,
                ("customers", "mid"): 1,  # shown as a whole, not counted
            },
            steps={"wait": 0.003, "commit": 0.02},
        )
    )
    shown = samples(metrics)
    assert {
        "tierflow_batches_total{stage=customers}": 1,
        "tierflow_batch_events_sum{stage=customers}": 8,
        "tierflow_events_total{outcome=applied,topic=bank.balances}": 7,
        "tierflow_events_total{outcome=dead_letter,topic=bank.credit}": 1,
        "tierflow_tier_changes_total{direction=upgrade,reason=threshold_crossed,tier=mid}": 3,
        "tierflow_dead_letters_total{reason=malformed}": 1,
        "tierflow_batch_seconds_sum{stage=customers}": 0.01,
        "tierflow_commit_seconds_sum{stage=customers}": 0.02,
        "tierflow_batch_step_seconds_sum{stage=customers,step=wait}": 0.003,
        "tierflow_batch_step_seconds_count{stage=customers,step=commit}": 1,
        "tierflow_event_delay_seconds_sum{stage=customers}": 0.4,
        "tierflow_event_delay_seconds_count{stage=customers}": 8,
        "tierflow_event_age_seconds_sum{stage=customers}": 4.2,
        "tierflow_event_age_seconds_count{stage=customers}": 7,
        "tierflow_transactions_total{outcome=committed,stage=customers}": 1,
    }.items() <= shown.items()


def test_a_batch_of_time_alone_has_no_delay() -> None:
    metrics = Metrics()
    metrics.record_batch(Batch(stage="customers", partition=0, events=0, compute_seconds=0.01, commit_seconds=0.02))
    shown = samples(metrics)
    assert "tierflow_event_delay_seconds_count{stage=customers}" not in shown
    assert shown["tierflow_batches_total{stage=customers}"] == 1


def test_what_a_budget_grants_is_a_trigger_and_what_it_refuses_is_none() -> None:
    metrics = Metrics()
    tally = {
        ("granted", "gift"): 4,
        ("triggered", "gift", "treated"): 3,
        ("triggered", "gift", "held_out"): 1,
        ("refused", "gift"): 2,
    }
    metrics.record_batch(
        Batch(stage="budgets", partition=0, events=6, compute_seconds=0, commit_seconds=0, tally=tally)
    )
    assert {
        "tierflow_campaign_granted_total{campaign=gift}": 4,
        "tierflow_campaign_refused_total{campaign=gift}": 2,
        "tierflow_campaign_triggers_total{campaign=gift,group=treated}": 3,
        "tierflow_campaign_triggers_total{campaign=gift,group=held_out}": 1,
    }.items() <= samples(metrics).items()


def test_gauges_are_those_of_the_moment_at_which_they_are_asked_for() -> None:
    metrics, now = Metrics(), {("customers", "0", "low"): 5.0, ("lag", "bank.balances", "0"): 40.0, ("reachable",): 1.0}
    metrics.show(now.items)
    assert {
        "tierflow_customers{partition=0,tier=low}": 5,
        "tierflow_lag_records{partition=0,topic=bank.balances}": 40,
        "tierflow_kafka_reachable": 1,
    }.items() <= samples(metrics).items()
    del now["customers", "0", "low"], now["lag", "bank.balances", "0"]  # another worker has the partition now
    now["reachable",] = 0.0
    names = {name.partition("{")[0]: value for name, value in samples(metrics).items()}
    assert names["tierflow_kafka_reachable"] == 0
    assert not {"tierflow_customers", "tierflow_lag_records"} & names.keys()


def buckets(metrics: Metrics, name: str) -> dict[float, float]:
    [family] = [family for family in metrics.registry.collect() if family.name == name]
    return {float(each.labels["le"]): each.value for each in family.samples if each.name.endswith("_bucket")}


@laws(30)
@given(st.lists(st.lists(st.integers(-100, 4_000_000), max_size=30), max_size=4))
def test_every_event_of_a_batch_has_its_delay(batches: list[list[int]]) -> None:
    """As prometheus_client counts them one by one; a time that is still to come is no delay."""
    name, now_ms, metrics = "tierflow_event_delay_seconds", 5_000_000, Metrics()
    for delays_ms in batches:
        metrics.record_batch(
            Batch(
                stage="customers",
                partition=0,
                events=len(delays_ms),
                compute_seconds=0,
                commit_seconds=0,
                committed_ms=now_ms,
                written_ms=[now_ms - delay_ms for delay_ms in delays_ms],
            )
        )
    found = buckets(metrics, name)
    one_by_one = Histogram("one", "by one", ["stage"], buckets=list(found) or (1.0,), registry=None).labels("customers")
    every = [max(delay_ms, 0) / 1000 for delays_ms in batches for delay_ms in delays_ms]
    for delay_s in every:
        one_by_one.observe(delay_s)
    expected = {float(each.labels["le"]): each.value for each in one_by_one._child_samples() if each.name == "_bucket"}
    assert found == (expected if every else {})
    total = samples(metrics).get(f"{name}_sum{{stage=customers}}", 0.0)
    assert total == pytest.approx(sum(every))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here")
@pytest.mark.parametrize("metrics", [Metrics(), DeliverMetrics()], ids=["worker", "deliver"])
def test_promtool_finds_nothing_odd_about_the_names(metrics: Metrics | DeliverMetrics) -> None:
    command = ["promtool", "check", "metrics", "--extended"]
    done = subprocess.run(command, input=generate_latest(metrics.registry), capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_takeovers_and_failures_are_counted() -> None:
    metrics = Metrics()
    metrics.recovered("customers", 3, records=1_000, seconds=0.5)
    metrics.transaction_failed("customers", 3)
    metrics.transaction_failed("customers", 3, fenced=True)
    metrics.epoch_raised("customers", 3)
    metrics.show_ready(lambda: True)
    assert {
        "tierflow_takeovers_total{partition=3,stage=customers}": 1,
        "tierflow_recovered_records_total{stage=customers}": 1_000,
        "tierflow_recovery_seconds_sum{stage=customers}": 0.5,
        "tierflow_transaction_failures_total{partition=3,stage=customers}": 2,
        "tierflow_transactions_total{outcome=failed,stage=customers}": 1,
        "tierflow_transactions_total{outcome=fenced,stage=customers}": 1,
        "tierflow_epochs_raised_total{partition=3,stage=customers}": 1,
        "tierflow_ready": 1,
    }.items() <= samples(metrics).items()


def test_two_in_one_process_do_not_meet() -> None:
    one, two = Metrics(), Metrics()
    one.transaction_failed("customers", 0)
    assert "tierflow_transaction_failures_total{partition=0,stage=customers}" not in samples(two)
