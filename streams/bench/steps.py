"""How long the steps of a worker's batches take, from its metrics (docs/benchmarks.md)."""

from collections.abc import Mapping

from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from streams.bench.workers import Worker
from streams.metrics import STEPS
from streams.stages.customers import NAME as CUSTOMERS

Steps = Mapping[str, tuple[float, float]]
"""By step: how many batches had it up to now, and the seconds it took in all of them."""

_METRIC = "tierflow_batch_step_seconds"


async def steps_of(worker: Worker) -> Steps:
    """Asks a worker for the steps of its batches of customers."""
    async with ClientSession() as session, session.get(f"{worker.url()}/metrics") as answer:
        text = await answer.text()
    found = {
        (sample.name, sample.labels["step"]): sample.value
        for family in text_string_to_metric_families(text)
        if family.name == _METRIC
        for sample in family.samples
        if sample.labels["stage"] == CUSTOMERS
    }
    counts, sums = ({step: found.get((f"{_METRIC}_{what}", step), 0.0) for step in STEPS} for what in ("count", "sum"))
    return {step: (counts[step], sums[step]) for step in STEPS}


def means_ms(before: Steps, after: Steps) -> dict[str, float]:
    """Gives the mean of each step between two answers, in milliseconds, and under `batches` their number."""
    rows = {step: (after[step][0] - before[step][0], after[step][1] - before[step][1]) for step in after}
    means = {step: round(1000 * seconds / count, 2) for step, (count, seconds) in rows.items() if count}
    return {"batches": rows["commit"][0], **means}
