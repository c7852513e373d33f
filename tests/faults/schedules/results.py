"""The file of results, a JSON line a schedule, and the table over all of them."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.faults.schedules.figures import Figures
from tests.faults.schedules.points import POINTS
from tests.faults.schedules.schedule import Result


def write(path: Path, result: Result | Figures) -> None:
    """Adds a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(result._asdict()) + "\n")


def read(path: Path) -> list[Result]:
    """Gives all that a file holds, but for figures, and for schedules of before the present form."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [Result(**line) for line in lines if line.keys() == set(Result._fields)]


def hits(results: Iterable[Result]) -> Counter[str]:
    """How often each fault came about in all, by its name, and by the point."""
    found: Counter[str] = Counter()
    for result in results:
        found.update(result.faults)
    return found


def never_hit(results: Sequence[Result], kinds: Iterable[str]) -> list[str]:
    """What "sometimes" has to happen over enough schedules, and did not: kinds of faults, and named points."""
    found = hits(results)
    points = [f"{kind}: {point}" for kind in ("kill at", "stop at") for point in POINTS]
    return [name for name in (*kinds, *points) if not found[name]]


def table(results: Sequence[Result], kinds: Sequence[str]) -> str:
    """What a person reads: a line a fault, the sums, what was never hit, and every anomaly with its seed."""
    lines = [f"{count:6}  {name}" for name, count in sorted(hits(results).items())]
    audited = {result.stand for result in results if result.is_audited}
    totals = {
        "schedules": len(results),
        "of these with three brokers": sum(result.brokers == 3 for result in results),
        "on stands that were audited": sum(result.stand in audited for result in results),
        "events": sum(result.events for result in results),
        "in doubt": sum(result.in_doubt for result in results),
        "transactions": sum(result.transactions for result in results),
        "tier changes": sum(result.changes for result in results),
        "triggers": sum(result.triggers for result in results),
        "decisions and alerts": sum(result.risks for result in results),
        "answers over HTTP": sum(result.shown for result in results),
        "seconds": round(sum(result.seconds for result in results)),
        "faults": sum(hits(results)[name] for name in kinds),
        "broker hours": round(sum(result.seconds * result.brokers for result in results) / 3600, 2),
        "ends nobody asked for": sum(len(result.ended) for result in results),
        "anomalies": sum(len(result.anomalies) for result in results),
    }
    lines += ["", *(f"{count:>10,}  {name}" for name, count in totals.items())]
    said = Counter(_sentence(words) for result in results for _, _, words in result.ended)
    lines += ["", *(f"{count:6}  ended: {sentence}" for sentence, count in said.most_common())]
    missing = never_hit(results, kinds)
    lines += ["", f"never hit: {', '.join(missing) or 'nothing'}"]
    for result in results:
        lines += [f"seed {result.seed}, {result.brokers} broker(s): {kind}: {what}" for kind, what in result.anomalies]
    return "\n".join(lines)


def _sentence(last_words: str) -> str:
    """What a worker said at its end, without what differs from time to time."""
    found = re.search(r'"message":"(.*?)["\\]', last_words)
    return re.sub(r"\d+", "N", found[1] if found else last_words)[:160]
