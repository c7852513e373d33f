"""What the corpus gives: the outputs of `tierflow simulate --full` for every policy, as one digest each.

A change of the code that is not to change behaviour leaves them as they are. One that is says so in its commit, and
writes them anew: `python -m tests.corpus.digests`, from the project's root.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from tomllib import loads

from tests.corpus.events import histories, letters

PROJECT = Path(__file__).parents[2]
POLICIES = sorted((PROJECT / "config" / "policies").glob("*.toml"))
BERKA = PROJECT.parent / "shared" / "data"
COMMAND = Path(sys.executable).with_name("tierflow")
KNOWN = Path(__file__).with_name("digests.json")
_CURRENT = b'{"topic":"tier.current",'  # it repeats tier.changes
DEMO_EVENTS = 20_000
DEMO_BEGINS_MS = 1_790_000_000_000
# In its time the demo's bank does something every few milliseconds; here a day goes by in forty happenings.
DEMO_PACE_MS = 2_160_000


def events_of(policy: Path) -> Iterator[bytes]:
    """The random histories that this policy works, in its own currency and with pins to its own tiers."""
    written = loads(policy.read_text(encoding="utf-8"))
    tiers = [tier["id"] for tier in written["tiers"]]
    return histories(sum(policy.stem.encode()), written["currency"], tiers)


def demo_events() -> Iterator[bytes]:
    """What the bank of the demo does in some months."""
    from streams.demo.events import Bank  # noqa: PLC0415 - the product's own

    bank, at_ms, count = Bank(seed=7), DEMO_BEGINS_MS, 0
    lines = bank.opens(at_ms)
    while count < DEMO_EVENTS:
        for line in lines:
            value = line.value if line.value.endswith(b"}") else json.dumps(line.value.decode()).encode()
            yield b'{"topic":"%s","value":%s}' % (_topic(line.topic), value)
            count += 1
        at_ms += DEMO_PACE_MS
        lines = bank.happens(at_ms)


def berka_events(folder: str) -> Iterator[bytes]:
    """The events that `tierflow load berka` sends."""
    from streams.load.berka import berka_waves  # noqa: PLC0415 - the product's own
    from streams.load.berka_files import read_berka  # noqa: PLC0415

    for wave in berka_waves(read_berka(BERKA / folder)):
        for line in wave.events:
            yield b'{"topic":"%s","value":%s}' % (_topic(line.topic), line.value)


def _topic(number: int) -> bytes:
    return (b"bank.balances", b"bank.transactions", b"bank.credit", b"bank.loans", b"bank.customers")[number]


def digest(policy: Path, events: Iterable[bytes]) -> dict[str, int | str]:
    """How many lines `simulate --full` writes for these events, and their SHA-256, without those of `tier.current`."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "events.jsonl"
        with file.open("wb") as written:
            written.writelines(line + b"\n" for line in events)
        command = [COMMAND, "simulate", "--policy", policy, "--events", file, "--full"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ)
    lines = [line for line in done.stdout.splitlines(keepends=True) if not line.startswith(_CURRENT)]
    return {"lines": len(lines), "sha256": sha256(b"".join(lines)).hexdigest()}


def known() -> dict[str, dict[str, int | str]]:
    """The digests as they were put down."""
    found: dict[str, dict[str, int | str]] = json.loads(KNOWN.read_text())
    return found


def main() -> None:
    """Writes all of them anew; those of data that is not there stay."""
    by_name = {policy.stem: policy for policy in POLICIES}
    found = known() | {f"histories {name}": digest(policy, events_of(policy)) for name, policy in by_name.items()}
    found["letters standard"] = digest(by_name["standard"], letters())
    found["demo standard"] = digest(by_name["standard"], demo_events())
    found["demo icbc-stars"] = digest(by_name["icbc-stars"], demo_events())
    for folder in filter(lambda name: (BERKA / name).is_dir(), ("berka-complete", "berka")):
        found[f"{folder} berka"] = digest(by_name["berka"], berka_events(folder))
    KNOWN.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
