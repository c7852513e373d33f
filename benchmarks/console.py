"""How long `tierflow console` takes to answer, beside a worker that works events meanwhile.

    .venv/bin/python -m benchmarks.console --rate 500 --events 5000 --seconds 20

Requests are due at a steady rate, whatever was answered so far, and each is timed from when it was due. The events come
from a process of their own. Explanations are asked for beside, a few a second, and are told apart.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import re
import time
from collections import defaultdict
from collections.abc import Sequence

from aiohttp import ClientSession, TCPConnector

from streams.bench.feed import Feed
from streams.bench.live import percentile
from streams.bench.stand import Stand, stand
from streams.bench.workers import Worker, running_workers, taken_over
from streams.bench.workload import Workload
from streams.errors import UsageError
from streams.kafka.wall_clock import wall_ms
from streams.settings import Settings, policy_folder

PARTITIONS, CUSTOMERS, WARM_UP_S, CHUNKS_PER_S = 4, 20_000, 5, 20
MIX = {
    "/api/customers/{id}": 30,
    "/api/customers/{id}/history": 30,
    "/api/tiers": 10,
    "/api/tiers/mid/customers": 10,
    "/api/rates": 5,
    "/api/flows": 5,
    "/api/campaigns": 5,
    "/api/loans": 5,
}
EXPLANATION = "/api/customers/{id}/explanation"


def feed(environment: dict[str, str], rate: int, seconds: float) -> None:
    """Sends events at a steady rate; the main function of a process."""
    settings = Settings.from_environment(environment, dotenv=None)
    asyncio.run(_feed(settings, rate, seconds))


async def _feed(settings: Settings, rate: int, seconds: float) -> None:
    events = int(rate * seconds)
    records = (record for chunk in _workload(events).chunks() for record in chunk)
    size, began = rate // CHUNKS_PER_S, time.monotonic()
    async with Feed(settings, PARTITIONS) as to:
        for number in range(events // size):
            await asyncio.sleep(began + number / CHUNKS_PER_S - time.monotonic())
            await to.send([next(records) for _ in range(size)])
            await to.flush()


def _workload(events: int) -> Workload:
    return Workload(events, CUSTOMERS, 7, wall_ms() - 60_000, 60_000, "TWD")


async def measure(on: Stand, workers: list[Worker], console: Worker, options: argparse.Namespace) -> dict[str, object]:
    """Asks, and says how long the answers took, in milliseconds."""
    await taken_over(workers, PARTITIONS)
    url = await _ready(on, console)
    seconds = options.seconds + WARM_UP_S
    feeding = multiprocessing.get_context("spawn").Process(
        target=feed, args=(dict(on.environment), options.events, seconds)
    )
    feeding.start()
    await asyncio.sleep(WARM_UP_S)
    ids = sorted({record.key.decode() for chunk in _workload(20_000).chunks() for record in chunk})
    taken: dict[str, list[float]] = defaultdict(list)
    statuses: dict[int, int] = defaultdict(int)
    load, cpu_s = os.getloadavg(), console.cpu_s() or 0.0
    async with ClientSession(connector=TCPConnector(limit=100)) as session:
        asking = [
            asyncio.create_task(_ask(session, url + path.format(id=random.choice(ids)), path, at, taken, statuses))
            for path, at in _due(options.rate, options.seconds)
        ]
        await asyncio.gather(*asking)
    cpu_s = (console.cpu_s() or 0.0) - cpu_s
    feeding.join()
    common = sorted(took for path, each in taken.items() if path != EXPLANATION for took in each)
    return {
        "rate": options.rate,
        "events_per_s": options.events,
        "requests": len(common),
        "p50_ms": percentile(common, 0.5),
        "p99_ms": percentile(common, 0.99),
        "max_ms": percentile(common, 1.0),
        "console_cpu_s": round(cpu_s, 2),
        "by_path": {
            path: [percentile(sorted(each), share) for share in (0.5, 0.99)] for path, each in sorted(taken.items())
        },
        "statuses": dict(statuses),
        "load": load,
    }


def _due(rate: int, seconds: int) -> list[tuple[str, float]]:
    """Gives what is asked for, and when."""
    begins_at = time.monotonic() + 1
    paths = random.choices(list(MIX), list(MIX.values()), k=rate * seconds)
    due = [(path, begins_at + number / rate) for number, path in enumerate(paths)]
    return due + [(EXPLANATION, begins_at + number / 2) for number in range(2 * seconds)]


async def _ask(  # noqa: PLR0913, PLR0917 - what is asked, and where it is noted
    session: ClientSession,
    url: str,
    path: str,
    at: float,
    taken: dict[str, list[float]],
    statuses: dict[int, int],
) -> None:
    await asyncio.sleep(max(0, at - time.monotonic()))
    async with session.get(url) as answer:
        await answer.read()
        statuses[answer.status] += 1
    taken[path].append(round(1000 * (time.monotonic() - at), 2))


def _url_of(worker: Worker) -> str:
    while True:
        try:
            return worker.url()
        except UsageError:
            worker.check()
            time.sleep(0.1)


async def _ready(on: Stand, console: Worker) -> str:
    log = on.folder / "worker9.log"
    while True:
        console.check()
        text = log.read_text()
        found = re.search(r"console at (http://[0-9.:]+)", text)
        if found is not None and "at the ends of the topics" in text:
            return found[1]
        await asyncio.sleep(0.1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs it, and prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--events", type=int, default=5_000)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args(arguments)
    with stand(policy_folder() / "standard.toml", PARTITIONS) as on, running_workers(on, 1) as workers:
        asyncio.run(taken_over(workers, PARTITIONS))
        variables = {"TIERFLOW_CONSOLE_PORT": "0", "TIERFLOW_HTTP_URL": _url_of(workers[0])}
        console = Worker(on, 9, ("console",), variables)
        try:
            print(json.dumps(asyncio.run(measure(on, workers, console, options))))
        finally:
            console.terminate()
            console.wait()


if __name__ == "__main__":
    main()
