"""A bank for the console's tests: a real worker, customers with a past, and consoles over them."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from streams.api.server import BoundedRunner
from streams.console.asked import Asked
from streams.console.identity import Identities
from streams.console.published import PublishedPolicies
from streams.console.routes import install
from streams.console.run import BODY_BYTES, limits_of
from streams.console.stream import Arrivals
from streams.console.worker import WorkerAsked
from streams.history.follower import Follower
from streams.history.index import Index
from streams.history.queries import Queries
from streams.kafka.topics import ensure_topics
from streams.settings import Settings, policy_folder
from tests.support.batches import all_ended
from tests.support.patience import until
from tests.support.ports import free_port
from tests.support.sealing import SEALED, sealing_settings
from tests.support.worker_processes import PARTITIONS, Events, Workers, applied, now_ms

Client = TestClient[web.Request, web.Application]

TOKENS = {role: f"token-of-the-{role}" for role in ("viewer", "agent", "operator", "admin")}
GOLD, LOST, PLAIN = "C-gold", "C/lost ü", "C-plain"
"""One who is high, one who was high and is mid, and one who is low."""
DECIDED = ("changes", "current", "campaigns", "risk", "dead-letters")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class ABank:
    """A bank whose events are worked."""

    environment: Mapping[str, str]
    settings: Settings
    folder: Path


@contextmanager
def bank(broker: str, folder: Path, name: str) -> Iterator[ABank]:
    """A worker, topics of its own, and three customers."""
    app_id = f"{name}{next(_numbers)}"
    document = (policy_folder() / "standard.toml").read_text(encoding="utf-8")
    policy = folder / "policy.toml"
    # Without grace and protection a balance moves a tier down at once.
    policy.write_text(document.replace("[falling]\nafter_days = 30\nprotection_days = 90\n", ""), encoding="utf-8")
    environment = {
        **(sealing_settings(folder) if SEALED else {}),
        "KAFKA_BOOTSTRAP_SERVERS": broker,
        "TIERFLOW_APP_ID": app_id,
        "TIERFLOW_INPUT_PREFIX": f"{app_id}.bank.",
        "TIERFLOW_OUTPUT_PREFIX": f"{app_id}.tier.",
        "TIERFLOW_POLICY": str(policy),
        "TIERFLOW_DATA_DIR": str(folder / "console"),
        "TIERFLOW_HTTP_PORT": str(free_port()),
    }
    settings = Settings.from_environment(environment, dotenv=None)
    settings.data_dir.mkdir()
    with Workers(environment, folder) as workers:
        worker = workers.start()
        asyncio.run(_begin(settings, worker.ready()))
        yield ABank(environment, settings, folder)


async def _begin(settings: Settings, ready: Any) -> None:
    await ensure_topics(settings, PARTITIONS)
    await ready
    async with Events(settings) as events:
        at = now_ms() - 60_000
        for customer, amounts in ((GOLD, [6_000_000]), (LOST, [5_500_000, 4_200_000]), (PLAIN, [100, 470_000])):
            for step, amount in enumerate(amounts):
                await events.balance(customer, amount, as_of=at + step)
                await events.settle()
        await events.put("loans", GOLD, loan_id="L1", amount="12000000", currency="TWD", applied_at=at)
        await events.put("balances", PLAIN, raw=b"no json")
        await events.settle()
    await applied(settings)
    await all_ended(settings, map(settings.output_topic, DECIDED))  # an index is built with what is decided by then


@asynccontextmanager
async def console(of: ABank, **more: str) -> AsyncIterator[Client]:
    """A console in this process, whose index is built."""
    settings = Settings.from_environment({**of.environment, **more}, dotenv=None)
    arrivals = Arrivals()
    with Index(settings.data_dir) as index, ExitStack() as stack:
        follower = Follower(settings, index, arrivals.came)
        queries = stack.enter_context(Queries(index.file, follower.make_anew))
        asked = Asked(settings, queries, PublishedPolicies(queries), WorkerAsked(settings), follower)
        web_app = web.Application(client_max_size=BODY_BYTES)
        install(web_app, asked, arrivals, Identities(settings.console))
        async with follower.following():
            await until(lambda: follower.progress.built, 20, "the index is built")
            async with TestClient(_Served(web_app, settings)) as client:
                yield client


class _Served(TestServer):
    """A server with the limits of a console's."""

    def __init__(self, web_app: web.Application, settings: Settings) -> None:
        super().__init__(web_app)
        self._settings = settings

    async def _make_runner(self, **_given: Any) -> BoundedRunner:
        return BoundedRunner(self.app, limits_of(self._settings.http_limits), CollectorRegistry())


def tokens_file(folder: Path) -> Path:
    """A file with a token for each role."""
    file = folder / "tokens"
    file.write_text("# who may ask\n" + "".join(f"{role} {role}-1 {token}\n" for role, token in TOKENS.items()))
    file.chmod(0o600)
    return file


def bearing(role: str) -> dict[str, str]:
    """The header with the token of a role."""
    return {"Authorization": f"Bearer {TOKENS[role]}"}
