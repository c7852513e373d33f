"""Every query of every dashboard returns data of real processes, by a real Prometheus."""

import asyncio
import json
import re
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.kafka.local import free_port
from streams.settings import Settings, policy_folder
from tests.support.background import background
from tests.support.deliveries import Delivery, config
from tests.support.event_flow import flowing
from tests.support.http_endpoint import Endpoint, Request
from tests.support.patience import until
from tests.support.prometheus import PROJECT, Prometheus, needs_prometheus
from tests.support.sources import Core, IntakeProcess, bookings
from tests.support.worker_processes import Events, Worker, Workers, now_ms

# Nothing of that happens here.
DOES_NOT_HAPPEN = (
    "tierflow_transaction_failures_total",
    "tierflow_epochs_raised_total",
    "tierflow_keys_to_wrap",  # messages that are sealed are no rows of tables
    'kind="alert"',
)
GIFT = 'kind = "gift"\n'
CONTACT = '[contact]\ncampaigns = ["account-opening-gift", "welcome-mid", "welcome-high"]\nat_most = 1\nin_days = 30\n'


def queries() -> set[str]:
    """Those of all panels, without what they show where nothing has happened."""
    files = (PROJECT / "deploy/grafana/dashboards").glob("*.json")
    panels = [panel for file in files for panel in json.loads(file.read_text())["panels"]]
    found = [target["expr"].replace("$__rate_interval", "20s") for panel in panels for target in panel["targets"]]
    return {re.sub(r" or (on \(\) )?vector\(0\)$", "", each) for each in found}


def policy() -> str:
    """The standard one, with a budget that is soon spent, a limit that holds back, and falls at once."""
    text = (policy_folder() / "standard.toml").read_text()
    text = text.replace("after_days = 30", "").replace("protection_days = 90", "")
    text = text.replace(GIFT, f"{GIFT}budget = {{ triggers = 5 }}\n")
    return re.sub(r"\[contact\]\n(.+\n)+", CONTACT, text)


@pytest.mark.soak
@needs_prometheus
async def test_every_query_of_a_dashboard_returns_data(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    settings = replace(settings, accounts=True, tables="connect")
    core, port = Core(settings, tmp_path), free_port()
    await core.make()
    (tmp_path / "policy.toml").write_text(policy())
    own = {**environment, "TIERFLOW_POLICY": str(tmp_path / "policy.toml"), "TIERFLOW_ACCOUNTS": "on"}
    own["TIERFLOW_TABLES"] = "connect"
    async with Endpoint(refuses_one) as endpoint:
        file = config(tmp_path, ("crm", endpoint.url, ""))
        with Workers(own, tmp_path) as workers, ExitStack() as ends:
            worker, intake = workers.start(), IntakeProcess(own, tmp_path, "i1", core.mapping)
            ends.callback(intake.discard)
            async with Delivery(own, file, "--metrics-port", str(port)) as delivery:
                await asyncio.gather(worker.ready(), intake.ready(), delivery.ready())
                jobs = {"tierflow": [address(worker)], "tierflow-intake": [address(intake)]}
                jobs["tierflow-deliver"] = [f"127.0.0.1:{port}"]
                async with (
                    Prometheus(tmp_path, jobs) as prometheus,
                    Events(settings) as events,
                    flowing(events, a_second=200),
                    background(all_happens(events, core, worker)),
                ):
                    await all_have_data(prometheus)


async def all_have_data(prometheus: Prometheus) -> None:
    missing = {query for query in queries() if not any(each in query for each in DOES_NOT_HAPPEN)}
    assert len(missing) > 60

    async def ask() -> bool:
        for query in sorted(missing):
            if await prometheus.ask(query):
                missing.remove(query)
        return not missing

    try:
        await until(ask, 20, "every query has data")
    except AssertionError as error:
        raise AssertionError(f"no data: {missing}") from error


async def all_happens(events: Events, core: Core, worker: Worker) -> None:
    """Puts in what the events that flow do not cause: again and again, so that it is counted in any interval."""
    for round_ in range(1_000):
        soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        await events.action(f"P{round_}", "pin", tier="high", until=soon, reason="a promise", by="branch 7")
        await events.put("loans", "C00001", loan_id=f"L{round_}", amount="100", currency="TWD", applied_at=now_ms())
        await events.put("balances", "C00002", raw=b"{")
        await events.balance("refused", 600_000 * (round_ % 2))
        await core.put(bookings(20, seed=round_))
        host, port = address(worker).split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"no request\r\n\r\n")
        await asyncio.sleep(1.0)


def refuses_one(request: Request) -> int:
    return 422 if request.customer == "refused" else 204


def address(worker: Worker) -> str:
    [(found,)] = worker.says(r"ready at http://([^,\s\"]+)")[-1:]
    return found
