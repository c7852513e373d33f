from prometheus_client.parser import text_string_to_metric_families

from streams.metrics import BatchOutcome, Metrics


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
        BatchOutcome(
            partition=2,
            compute_seconds=0.01,
            commit_seconds=0.02,
            delay_seconds=0.05,
            events_by_topic_and_outcome={("bank.balances", "applied"): 7, ("bank.credit", "dead_letter"): 1},
            changes={("upgrade", "threshold_crossed", "mid"): 3},
            dead_letters={"malformed": 1},
            lag_by_topic={"bank.balances": 40},
            customers_by_tier={"low": 5, "mid": 3},
        )
    )
    shown = samples(metrics)
    assert {
        "tierflow_batches_total": 1,
        "tierflow_batch_events_sum": 8,
        "tierflow_events_total{outcome=applied,topic=bank.balances}": 7,
        "tierflow_events_total{outcome=dead_letter,topic=bank.credit}": 1,
        "tierflow_tier_changes_total{direction=upgrade,reason=threshold_crossed,tier=mid}": 3,
        "tierflow_dead_letters_total{reason=malformed}": 1,
        "tierflow_batch_seconds_sum": 0.01,
        "tierflow_commit_seconds_sum": 0.02,
        "tierflow_event_delay_seconds_sum": 0.05,
        "tierflow_lag_records{partition=2,topic=bank.balances}": 40,
        "tierflow_customers{partition=2,tier=low}": 5,
        "tierflow_customers{partition=2,tier=mid}": 3,
    }.items() <= shown.items()


def test_a_batch_of_time_alone_has_no_delay() -> None:
    metrics = Metrics()
    metrics.record_batch(BatchOutcome(partition=0, compute_seconds=0.01, commit_seconds=0.02))
    shown = samples(metrics)
    assert shown["tierflow_event_delay_seconds_count"] == 0
    assert shown["tierflow_batches_total"] == 1


def test_what_a_budget_grants_is_a_trigger_and_what_it_refuses_is_none() -> None:
    metrics = Metrics()
    metrics.record_grants({("gift", "treated"): 3, ("gift", "held_out"): 1}, {"gift": 2})
    assert {
        "tierflow_campaign_granted_total{campaign=gift}": 4,
        "tierflow_campaign_refused_total{campaign=gift}": 2,
        "tierflow_campaign_triggers_total{campaign=gift,group=treated}": 3,
        "tierflow_campaign_triggers_total{campaign=gift,group=held_out}": 1,
    }.items() <= samples(metrics).items()


def test_a_tier_that_a_new_policy_leaves_out_is_no_longer_shown() -> None:
    metrics = Metrics()
    metrics.show_customers(0, {"low": 5, "mid": 3})
    metrics.show_customers(0, {"low": 6, "gold": 2})
    shown = {name: value for name, value in samples(metrics).items() if name.startswith("tierflow_customers{")}
    assert shown == {"tierflow_customers{partition=0,tier=low}": 6, "tierflow_customers{partition=0,tier=gold}": 2}


def test_a_released_partition_takes_its_gauges_along_and_no_other() -> None:
    metrics = Metrics()
    for partition in (1, 11):
        metrics.record_batch(
            BatchOutcome(
                partition=partition,
                compute_seconds=0,
                commit_seconds=0,
                lag_by_topic={"bank.balances": 1},
                customers_by_tier={"low": 1},
            )
        )
    metrics.partition_released(1)
    metrics.partition_released(7)
    gauges = {name for name in samples(metrics) if name.startswith(("tierflow_lag", "tierflow_customers"))}
    assert gauges == {
        "tierflow_lag_records{partition=11,topic=bank.balances}",
        "tierflow_customers{partition=11,tier=low}",
    }


def test_takeovers_and_failures_are_counted() -> None:
    metrics = Metrics()
    metrics.recovered(3, records=1_000, seconds=0.5)
    metrics.transaction_failed(3)
    metrics.set_ready(True)
    assert {
        "tierflow_takeovers_total{partition=3}": 1,
        "tierflow_recovered_records_total": 1_000,
        "tierflow_recovery_seconds_sum": 0.5,
        "tierflow_transaction_failures_total{partition=3}": 1,
        "tierflow_ready": 1,
    }.items() <= samples(metrics).items()


def test_two_in_one_process_do_not_meet() -> None:
    one, two = Metrics(), Metrics()
    one.transaction_failed(0)
    assert "tierflow_transaction_failures_total{partition=0}" not in samples(two)
