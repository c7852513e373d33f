from prometheus_client.parser import text_string_to_metric_families

from streams.metrics import Batch, Metrics


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
            delay_seconds=0.05,
            tally={
                ("events", "bank.balances", "applied"): 7,
                ("events", "bank.credit", "dead_letter"): 1,
                ("changes", "upgrade", "threshold_crossed", "mid"): 3,
                ("dead_letters", "malformed"): 1,
                ("customers", "mid"): 1,  # shown as a whole, not counted
            },
            lag_by_topic={"bank.balances": 40},
            shown={("customers", "low"): 5, ("customers", "mid"): 3},
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
        "tierflow_event_delay_seconds_sum{stage=customers}": 0.05,
        "tierflow_lag_records{partition=2,topic=bank.balances}": 40,
        "tierflow_customers{partition=2,tier=low}": 5,
        "tierflow_customers{partition=2,tier=mid}": 3,
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


def test_a_tier_that_a_new_policy_leaves_out_is_no_longer_shown() -> None:
    metrics = Metrics()
    metrics.show("customers", 0, {("customers", "low"): 5, ("customers", "mid"): 3})
    metrics.show("customers", 0, {("customers", "low"): 6, ("customers", "gold"): 2})
    metrics.show("budgets", 0, {})
    shown = {name: value for name, value in samples(metrics).items() if name.startswith("tierflow_customers{")}
    assert shown == {"tierflow_customers{partition=0,tier=low}": 6, "tierflow_customers{partition=0,tier=gold}": 2}


def test_a_released_partition_takes_its_gauges_along_and_no_other() -> None:
    metrics = Metrics()
    for partition in (1, 11):
        metrics.record_batch(
            Batch(
                stage="customers",
                partition=partition,
                events=1,
                compute_seconds=0,
                commit_seconds=0,
                lag_by_topic={"bank.balances": 1},
                shown={("customers", "low"): 1},
            )
        )
    metrics.partition_released("customers", 1, ["bank.balances"])
    metrics.partition_released("customers", 7, ["bank.balances"])
    gauges = {name for name in samples(metrics) if name.startswith(("tierflow_lag", "tierflow_customers"))}
    assert gauges == {
        "tierflow_lag_records{partition=11,topic=bank.balances}",
        "tierflow_customers{partition=11,tier=low}",
    }


def test_takeovers_and_failures_are_counted() -> None:
    metrics = Metrics()
    metrics.recovered("customers", 3, records=1_000, seconds=0.5)
    metrics.transaction_failed("customers", 3)
    metrics.epoch_raised("customers", 3)
    metrics.show_ready(lambda: True)
    assert {
        "tierflow_takeovers_total{partition=3,stage=customers}": 1,
        "tierflow_recovered_records_total{stage=customers}": 1_000,
        "tierflow_recovery_seconds_sum{stage=customers}": 0.5,
        "tierflow_transaction_failures_total{partition=3,stage=customers}": 1,
        "tierflow_epochs_raised_total{partition=3,stage=customers}": 1,
        "tierflow_ready": 1,
    }.items() <= samples(metrics).items()


def test_two_in_one_process_do_not_meet() -> None:
    one, two = Metrics(), Metrics()
    one.transaction_failed("customers", 0)
    assert "tierflow_transaction_failures_total{partition=0,stage=customers}" not in samples(two)
