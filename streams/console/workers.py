"""GET /api/operations: how the workers are, by what they answer now and what they answered some moments ago."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client.parser import text_string_to_metric_families

from streams.api.peers import Peers, PeerSilentError
from streams.console.answers.workers import Incident, Operations, PartitionNow, WorkerNow
from streams.console.asked import Asked, answer
from streams.console.fresh import Fresh
from streams.kafka.wall_clock import wall_ms
from streams.languages.known import in_all_languages
from streams.languages.said import Said, say

FRESH_FOR_S: Final = 2.0
LOOKED_BACK_S: Final = 60.0
SLOW_S: Final = 1.0
_SILENT: Final = "docs/runbooks/worker-down.md"
_NOT_READY: Final = "docs/runbooks/not-ready.md"
_SLOW: Final = "docs/runbooks/records-wait.md"
_INDEXED: Final = "docs/api.md#the-index"
PAGES: Final = (_SILENT, _NOT_READY, _SLOW, _INDEXED)
"""The pages that say what to do. They are in the checkout: the console serves none of them."""


class Sample(NamedTuple):
    """What a worker's metrics said at a time: events so far, delays so far by bucket, what waits by partition.

    lag: how many records wait. ages_s: for how long the oldest of them has.
    """

    at_s: float
    events: float
    delays: Mapping[float, float]
    lag: Mapping[int, int]
    ages_s: Mapping[int, float]


class Answered(NamedTuple):
    """What a worker answered. reasons: why it is not ready; None: it did not answer."""

    url: str
    reasons: Sequence[str] | None
    sample: Sample | None


class Workers:
    """Asks the workers, and remembers what they said within LOOKED_BACK_S, and since when something is wrong."""

    def __init__(self, asked: Asked, peers: Peers) -> None:
        self._asked, self._peers = asked, peers
        self._said: dict[str, deque[Sample]] = {}
        self._since: dict[str, int] = {}

    async def look(self) -> Operations:
        """Asks all workers now."""
        held = await self._held()
        answered = await asyncio.gather(*(self._ask(url) for url in held))
        now = [self._worker(one, held[one.url]) for one in answered]
        partitions = sorted(
            (
                PartitionNow(
                    partition=number, worker=one.url, lag_records=_lag(one, number), oldest_age_s=_age_s(one, number)
                )
                for one in answered
                for number in held[one.url]
            ),
            key=lambda found: found.partition,
        )
        return Operations(workers=now, partitions=partitions, incidents=await self._incidents(answered, now))

    async def _held(self) -> Mapping[str, Sequence[int]]:
        own = self._asked.settings.http_url
        try:
            return await self._peers.workers(own)
        except PeerSilentError:
            return {own: []}

    async def _ask(self, url: str) -> Answered:
        inputs = frozenset(self._asked.settings.input_topics())
        try:
            reasons = await self._peers.readiness(url)
            sample = sample_of(await self._peers.metrics(url), inputs, time.monotonic())
        except PeerSilentError:
            return Answered(url, None, None)
        return Answered(url, reasons, sample)

    def _worker(self, one: Answered, held: Sequence[int]) -> WorkerNow:
        said = self._said.setdefault(one.url, deque())
        sample, events_per_s, p50, p99 = one.sample, None, None, None
        if sample is not None:
            while said and (sample.at_s - said[0].at_s > LOOKED_BACK_S or said[0].events > sample.events):
                said.popleft()
            if said:
                events_per_s = round((sample.events - said[0].events) / (sample.at_s - said[0].at_s), 1)
                p50, p99 = (quantile(said[0].delays, sample.delays, share) for share in (0.5, 0.99))
            said.append(sample)
        return WorkerNow(
            url=one.url,
            ready=one.reasons is not None and not one.reasons,
            reasons=["It does not answer."] if one.reasons is None else list(one.reasons),
            partitions=sorted(held),
            events_per_s=events_per_s,
            delay_p50_s=p50,
            delay_p99_s=p99,
        )

    async def _incidents(self, answered: Sequence[Answered], now: Sequence[WorkerNow]) -> list[Incident]:
        wrong: dict[Said, tuple[str, str]] = {}  # severity and page, by what is wrong
        for one in answered:
            if one.reasons is None:
                wrong[say("{url} does not answer", url=one.url)] = ("critical", _SILENT)
            for reason in one.reasons or ():
                wrong[say("{url} is not ready: {reason}", url=one.url, reason=reason)] = ("critical", _NOT_READY)
        for worker in now:
            if worker.delay_p99_s is not None and worker.delay_p99_s > SLOW_S:
                slow = say("{url} is slow: more than 1 s from event to decision", url=worker.url)
                wrong[slow] = ("warning", _SLOW)
        if not self._asked.follower.progress.built:
            wrong[say("the history is being read")] = ("warning", _INDEXED)
        self._since = {said: self._since.get(said, wall_ms()) for said in wrong}
        at = (await self._asked.calendar()).rfc3339
        return [
            Incident(
                since=at(self._since[said]),
                severity=severity,  # type: ignore[arg-type]
                text=in_all_languages(said),
                runbook=page,
            )
            for said, (severity, page) in wrong.items()
        ]


def _lag(of: Answered, partition: int) -> int | None:
    """Gives how many records wait; a partition that has had no batch yet shows none."""
    return None if of.sample is None else of.sample.lag.get(partition, 0)


def _age_s(of: Answered, partition: int) -> float | None:
    return None if of.sample is None else of.sample.ages_s.get(partition)


def operations_handler(asked: Asked, peers: Peers) -> Handler:
    """Makes the handler."""
    fresh, workers = Fresh[Operations](FRESH_FOR_S), Workers(asked, peers)

    async def operations(_request: web.Request) -> web.StreamResponse:
        return answer(await fresh.get("operations", workers.look), shared=True)

    return operations


def sample_of(text: bytes, inputs: frozenset[str], at_s: float) -> Sample:
    """Reads a worker's metrics. inputs: the names of the input topics."""
    events, delays, lag, ages_s = 0.0, dict[float, float](), Counter[int](), dict[int, float]()
    for family in text_string_to_metric_families(text.decode(errors="replace")):
        for name, labels, value, *_ in family.samples:
            if name == "tierflow_events_total":
                events += value
            elif name == "tierflow_event_delay_seconds_bucket" and labels.get("stage") == "customers":
                delays[float(labels["le"])] = value
            elif name == "tierflow_lag_records" and labels.get("topic") in inputs:
                lag[int(labels["partition"])] += int(value)
            elif name == "tierflow_oldest_record_age_seconds" and labels.get("stage") == "customers":
                ages_s[int(labels["partition"])] = value
    return Sample(at_s, events, delays, dict(lag), ages_s)


def quantile(before: Mapping[float, float], after: Mapping[float, float], share: float) -> float | None:
    """Gives the bound of the bucket below which this share of what came between two samples is; None: nothing came."""
    came = {bound: count - before.get(bound, 0) for bound, count in after.items()}
    total = max(came.values(), default=0)
    if total <= 0:
        return None
    found = next(bound for bound in sorted(came) if came[bound] >= share * total)
    finite = [bound for bound in came if bound != float("inf")]
    return found if found != float("inf") else max(finite, default=None)
