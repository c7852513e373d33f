"""Writes the dashboards beside it, deploy/grafana/dashboards/*.json, from the tables below.

python deploy/grafana/write_dashboards.py            after a change; a test holds the files against this
"""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).with_name("dashboards")
SOURCE = {"type": "prometheus", "uid": "prometheus"}
RATE = "[$__rate_interval]"
CUSTOMERS = '{stage="customers"}'


class Panel(NamedTuple):
    """A panel. queries: PromQL by the legend; {{label}} there stands for its value. unit: Grafana's name of one."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    says: str = ""
    stacked: bool = False


class Stat(NamedTuple):
    """A number in the first row. bad_from: it is red from there on; None: it is red below 1, where `alive`."""

    title: str
    query: str
    unit: str = "short"
    says: str = ""
    bad_from: float | None = None
    alive: bool = False
    legend: str = ""


class Dashboard(NamedTuple):
    """A dashboard: numbers in one row, then panels, two a row."""

    uid: str
    title: str
    stats: list[Stat]
    panels: list[Panel]


def quantiles(metric: str, labels: str = CUSTOMERS, more: str = "") -> dict[str, str]:
    """Gives the median, the 95th and the 99th percentile of a histogram, by legend."""
    by = f"le, {more}" if more else "le"
    ends = f" {{{{{more}}}}}" if more else ""
    return {
        f"p{number}{ends}": f"histogram_quantile(0.{number}, sum by ({by}) (rate({metric}_bucket{labels}{RATE})))"
        for number in (50, 95, 99)
    }


def mean(metric: str, by: str, labels: str = CUSTOMERS) -> str:
    """Gives the mean of a histogram by a label."""
    return f"sum by ({by}) (rate({metric}_sum{labels}{RATE})) / sum by ({by}) (rate({metric}_count{labels}{RATE}))"


def gained(metric: str, by: str = "") -> str:
    """Gives how many were counted in an interval; 0 where nothing was ever counted."""
    counted = f"sum by ({by}) (increase({metric}{RATE}))" if by else f"sum(increase({metric}{RATE}))"
    return f"{counted} or on () vector(0)"


OPERATIONS = Dashboard(
    "tierflow",
    "tierflow: operations",
    [
        Stat("Workers ready", "sum(tierflow_ready)", says="Workers that serve all of their partitions.", alive=True),
        Stat("Kafka answers", "min(tierflow_kafka_reachable)", says="1 while every process is answered.", alive=True),
        Stat("Events per second", f"sum(rate(tierflow_events_total{RATE}))"),
        Stat("Delay, 99th percentile", quantiles("tierflow_event_delay_seconds")["p99"], "s", bad_from=1),
        Stat("Oldest record", "max(tierflow_oldest_record_age_seconds)", "s", "Not committed yet.", bad_from=30),
        Stat("Lag of all partitions", "sum(tierflow_group_lag_records)", says="Whoever holds them."),
        Stat("Dead letters, last hour", "sum(increase(tierflow_dead_letters_total[1h])) or vector(0)", bad_from=1),
        Stat("Policy in force", "count by (name, version) (tierflow_policy_info)", legend="{{name}} {{version}}"),
    ],
    [
        Panel("Throughput by outcome", {"{{outcome}}": f"sum by (outcome) (rate(tierflow_events_total{RATE}))"}, "eps"),
        Panel("Delay from record to commit", quantiles("tierflow_event_delay_seconds"), "s", "Of every event."),
        Panel("Age of events when decided", quantiles("tierflow_event_age_seconds"), "s", "Since their own time."),
        Panel(
            "Oldest record not committed",
            {"{{stage}} {{partition}}": "max by (stage, partition) (tierflow_oldest_record_age_seconds)"},
            "s",
        ),
        Panel(
            "Lag by topic",
            {
                "{{topic}}, all": "sum by (topic) (tierflow_group_lag_records)",
                "{{topic}}, held": "sum by (topic) (tierflow_lag_records)",
            },
            says="All partitions, as the group has committed; and those that are held, as they are worked.",
        ),
        Panel(
            "Since the last commit",
            {"{{stage}} {{partition}}": "time() - max by (stage, partition) (tierflow_last_commit_timestamp_seconds)"},
            "s",
        ),
        Panel("Steps of a batch, mean", {"{{step}}": mean("tierflow_batch_step_seconds", "step")}, "s"),
        Panel(
            "Batch and commit",
            {f"batch {name}": query for name, query in quantiles("tierflow_batch_seconds").items()}
            | {f"commit {name}": query for name, query in quantiles("tierflow_commit_seconds").items()},
            "s",
        ),
        Panel(
            "Batches and events in each",
            {
                "batches a second": f"sum(rate(tierflow_batches_total{CUSTOMERS}{RATE}))",
                "{{stage}}, events": mean("tierflow_batch_events", "stage"),
            },
        ),
        Panel(
            "Transactions by outcome",
            {
                "{{outcome}}": gained("tierflow_transactions_total", "outcome"),
                "failed or in doubt": gained("tierflow_transaction_failures_total"),
                "epochs raised": gained("tierflow_epochs_raised_total"),
            },
        ),
        Panel(
            "Takeovers",
            {
                "taken over": gained("tierflow_takeovers_total"),
                "state records read": gained("tierflow_recovered_records_total"),
            },
        ),
        Panel("Recovery of a partition", {"{{stage}}": mean("tierflow_recovery_seconds", "stage", "")}, "s"),
        Panel(
            "Timers",
            {
                "due": "sum(tierflow_timers_due)",
                "late by, s": "max(tierflow_timers_late_seconds)",
                "decided by {{why}}": gained("tierflow_decisions_by_itself_total", "why"),
            },
            says="Decisions by time alone, and by a new policy.",
        ),
        Panel(
            "Since a part has succeeded",
            {"{{part}}": "time() - min by (part) (tierflow_last_success_timestamp_seconds)"},
            "s",
        ),
        Panel("State", {"{{stage}}": "sum by (stage) (tierflow_state_bytes)"}, "bytes", stacked=True),
        Panel("HTTP refused", {"{{reason}}": gained("tierflow_http_refused_total", "reason")}),
        Panel("Processor", {"{{instance}}": f'rate(process_cpu_seconds_total{{job="tierflow"}}{RATE})'}, "percentunit"),
        Panel("Memory", {"{{instance}}": 'process_resident_memory_bytes{job="tierflow"}'}, "bytes"),
    ],
)

BUSINESS = Dashboard(
    "tierflow-business",
    "tierflow: tiers, campaigns, loans",
    [
        Stat("Customers", "sum(tierflow_customers)"),
        Stat("Upgrades, last day", 'sum(increase(tierflow_tier_changes_total{direction="upgrade"}[1d])) or vector(0)'),
        Stat(
            "Downgrades, last day", 'sum(increase(tierflow_tier_changes_total{direction="downgrade"}[1d])) or vector(0)'
        ),
        Stat("Triggers, last day", "sum(increase(tierflow_campaign_triggers_total[1d])) or vector(0)"),
        Stat(
            "Refused by budgets, last day",
            "sum(increase(tierflow_campaign_refused_total[1d])) or vector(0)",
            bad_from=1,
        ),
        Stat("Being rated anew", "sum(tierflow_rerating_customers)", says="After another policy came into force."),
        Stat("Policy in force", "count by (name, version) (tierflow_policy_info)", legend="{{name}} {{version}}"),
    ],
    [
        Panel("Customers by tier", {"{{tier}}": "sum by (tier) (tierflow_customers)"}, stacked=True),
        Panel("Tier changes by direction", {"{{direction}}": gained("tierflow_tier_changes_total", "direction")}),
        Panel(
            "Tier changes by reason and tier",
            {"{{reason}}: {{tier}}": gained("tierflow_tier_changes_total", "reason, tier")},
        ),
        Panel(
            "Campaign triggers by campaign",
            {"{{campaign}}, {{group}}": gained("tierflow_campaign_triggers_total", "campaign, group")},
        ),
        Panel(
            "Budgets",
            {
                "{{campaign}} granted": gained("tierflow_campaign_granted_total", "campaign"),
                "{{campaign}} refused": gained("tierflow_campaign_refused_total", "campaign"),
            },
            says="Campaigns that have a budget.",
        ),
        Panel(
            "Held back by the limits on contact",
            {"{{campaign}}": gained("tierflow_campaign_held_back_total", "campaign")},
        ),
        Panel(
            "Loan decisions by outcome",
            {"{{outcome}}": gained('tierflow_risk_messages_total{kind="decision"}', "outcome")},
        ),
        Panel(
            "Loan alerts by reason", {"{{outcome}}": gained('tierflow_risk_messages_total{kind="alert"}', "outcome")}
        ),
        Panel("Dead letters by reason", {"{{reason}}": gained("tierflow_dead_letters_total", "reason")}),
        Panel("Customers left to be rated anew", {"customers": "sum(tierflow_rerating_customers)"}),
        Panel(
            "Keys left to be wrapped by another master key",
            {"keys": "sum(tierflow_keys_to_wrap) or vector(0)"},
            says="TIERFLOW_KEYS=on; docs/privacy.md#another-master-key.",
        ),
    ],
)

DELIVER = Dashboard(
    "tierflow-deliver",
    "tierflow: deliver and intake",
    [
        Stat("Endpoints up", 'sum(tierflow_deliver_state{state="up"})', alive=True),
        Stat("Groups that Kafka answers", "sum(tierflow_deliver_kafka)", alive=True),
        Stat("Delivered per second", f'sum(rate(tierflow_deliver_events_total{{outcome="delivered"}}{RATE}))'),
        Stat("Oldest event", "max(tierflow_deliver_oldest_age_seconds)", "s", bad_from=300),
        Stat(
            "Parked, last day",
            'sum(increase(tierflow_deliver_events_total{outcome="parked"}[1d])) or vector(0)',
            bad_from=1,
        ),
        Stat("Rows mapped per second", f'sum(rate(tierflow_intake_rows_total{{outcome="mapped"}}{RATE})) or vector(0)'),
    ],
    [
        Panel(
            "Events by outcome",
            {"{{endpoint}}, {{outcome}}": gained("tierflow_deliver_events_total", "endpoint, outcome")},
        ),
        Panel(
            "Requests by answer",
            {"{{endpoint}}, {{answer}}": gained("tierflow_deliver_tries_total", "endpoint, answer")},
        ),
        Panel(
            "State of endpoints",
            {"{{endpoint}} {{state}}": "sum by (endpoint, state) (tierflow_deliver_state)"},
            says="1 for the state that it is in, in each process.",
        ),
        Panel("Lag", {"{{endpoint}}": "sum by (endpoint) (tierflow_deliver_lag_records)"}),
        Panel(
            "Oldest event in memory", {"{{endpoint}}": "max by (endpoint) (tierflow_deliver_oldest_age_seconds)"}, "s"
        ),
        Panel(
            "Since a part has succeeded",
            {
                "{{endpoint}}, {{part}}": "time() - max by (endpoint, part) "
                "(tierflow_deliver_last_success_timestamp_seconds)"
            },
            "s",
        ),
        Panel("Delay from record to acceptance", quantiles("tierflow_deliver_delay_seconds", "", "endpoint"), "s"),
        Panel("Requests", quantiles("tierflow_deliver_request_seconds", "", "endpoint"), "s"),
        Panel(
            "Waiting and in flight",
            {
                "{{endpoint}} waiting": "sum by (endpoint) (tierflow_deliver_waiting)",
                "{{endpoint}} in flight": "sum by (endpoint) (tierflow_deliver_in_flight)",
            },
        ),
        Panel(
            "Rows of sources by outcome",
            {"{{source}}, {{outcome}}": f"sum by (source, outcome) (rate(tierflow_intake_rows_total{RATE}))"},
            "rowsps",
        ),
        Panel(
            "Dead letters of sources by reason",
            {"{{source}}, {{reason}}": gained("tierflow_source_dead_letters_total", "source, reason")},
        ),
        Panel(
            "Rows of tables by outcome",
            {"{{output}}, {{outcome}}": f"sum by (output, outcome) (rate(tierflow_table_rows_total{RATE}))"},
            "rowsps",
        ),
        Panel(
            "Bookings that wait for their account",
            {"{{partition}}": "sum by (partition) (tierflow_accounts_waiting_records)"},
        ),
        Panel(
            "Delay of intake",
            quantiles("tierflow_event_delay_seconds", '{stage!~"customers|budgets|tables"}', "stage"),
            "s",
            "From a record of the source to the commit of its events.",
        ),
    ],
)

DASHBOARDS = {"operations": OPERATIONS, "business": BUSINESS, "deliver": DELIVER}


def panels_of(dashboard: Dashboard) -> list[dict[str, Any]]:
    """Gives the panels in their places: the numbers share the first row."""
    width = 24 // len(dashboard.stats)
    found = [_stat(stat, width * place, width) for place, stat in enumerate(dashboard.stats)]
    for place, panel in enumerate(dashboard.panels):
        found.append(_timeseries(panel, {"x": 12 * (place % 2), "y": 4 + 8 * (place // 2), "w": 12, "h": 8}))
    return [{"id": number, **panel} for number, panel in enumerate(found, 1)]


def _stat(stat: Stat, x: int, width: int) -> dict[str, Any]:
    steps = [{"color": "red" if stat.alive else "green", "value": None}]
    if stat.alive:
        steps.append({"color": "green", "value": 1})
    elif stat.bad_from is not None:
        steps.append({"color": "red", "value": stat.bad_from})
    reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    options: dict[str, Any] = {"colorMode": "value", "graphMode": "area", "reduceOptions": reduced}
    if stat.legend:
        options["textMode"] = "name"
    return {
        "type": "stat",
        "title": stat.title,
        "description": stat.says,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": 0, "w": width, "h": 4},
        "targets": _targets({stat.legend: stat.query}),
        "fieldConfig": {
            "defaults": {"unit": stat.unit, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "options": options,
    }


def _timeseries(panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
    drawn = {"lineWidth": 1, "fillOpacity": 30 if panel.stacked else 8, "showPoints": "never", "stacking": stacking}
    return {
        "type": "timeseries",
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "gridPos": place,
        "targets": _targets(panel.queries),
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": drawn}, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def _targets(queries: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"refId": chr(ord("A") + place), "datasource": SOURCE, "expr": query, "legendFormat": legend}
        for place, (legend, query) in enumerate(queries.items())
    ]


def text_of(dashboard: Dashboard) -> str:
    """Gives the file of a dashboard, as Grafana reads it."""
    others = [each for each in DASHBOARDS.values() if each is not dashboard]
    links = [{"title": each.title, "type": "link", "url": f"/d/{each.uid}", "keepTime": True} for each in others]
    whole = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["tierflow"],
        "schemaVersion": 41,
        "version": 1,
        "editable": False,
        "timezone": "browser",
        "refresh": "5s",
        "time": {"from": "now-30m", "to": "now"},
        "graphTooltip": 1,
        "templating": {"list": []},
        "annotations": {"list": []},
        "links": links,
        "panels": panels_of(dashboard),
    }
    return json.dumps(whole, indent=2) + "\n"


def main() -> None:
    """Writes all of them."""
    for name, dashboard in DASHBOARDS.items():
        (FOLDER / f"{name}.json").write_text(text_of(dashboard))


if __name__ == "__main__":
    sys.exit(main())
