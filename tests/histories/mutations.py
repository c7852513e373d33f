"""Makes a history that is right wrong, in one way and at one place; each gives None where there is no such place."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.histories.operation import Operation

Mutation = Callable[[list[Operation], Random], list[Operation] | None]


def is_write(one: Operation) -> bool:
    return bool(one.input)


def after(one: Operation, other: Operation) -> bool:
    """Whether one began when the other had ended."""
    return other.return_ns is not None and one.call_ns > other.return_ns


def with_output(history: Sequence[Operation], one: Operation, **fields: Any) -> list[Operation]:
    changed = one._replace(output={**(one.output or {}), **fields})
    return [changed if each is one else each for each in history]


def of(history: Sequence[Operation], kind: str, *, writes: bool) -> list[Operation]:
    return [one for one in history if one.kind == kind and is_write(one) == writes and one.output is not None]


# --- what is known of a customer ---


def _reads_after(history: Sequence[Operation]) -> list[tuple[Operation, Operation]]:
    """Reads that show a write which had ended, with a write that had ended before that one began."""
    writes, found = of(history, "customer", writes=True), []
    for read in of(history, "customer", writes=False):
        ended = [write for write in writes if write.of == read.of and after(read, write)]
        newest = [write for write in ended if write.input["write"]["assets_e4"] == (read.output or {})["assets_e4"]]
        found += [(read, write) for write in ended for shown in newest if after(shown, write)]
    return found


def stale_read(history: list[Operation], random: Random) -> list[Operation] | None:
    """A read shows the assets of a write before the newest one."""
    places = _reads_after(history)
    if not places:
        return None
    read, older = random.choice(places)
    return with_output(history, read, assets_e4=older.input["write"]["assets_e4"])


def dirty_read(history: list[Operation], random: Random) -> list[Operation] | None:
    """A read shows assets that were never written."""
    reads = of(history, "customer", writes=False)
    return with_output(history, random.choice(reads), assets_e4=1) if reads else None


def read_ahead(history: list[Operation], random: Random) -> list[Operation] | None:
    """A read shows a number that is one too high."""
    reads = of(history, "customer", writes=False)
    if not reads:
        return None
    read = random.choice(reads)
    return with_output(history, read, sequence=(read.output or {})["sequence"] + 1)


def lost_write(history: list[Operation], random: Random) -> list[Operation] | None:
    """A write that was read is taken out: what was read comes of nothing."""
    shown = {(one.of, (one.output or {})["assets_e4"]) for one in of(history, "customer", writes=False)}
    writes = of(history, "customer", writes=True)
    writes = [one for one in writes if (one.of, one.input["write"]["assets_e4"]) in shown]
    if not writes:
        return None
    lost = random.choice(writes)
    return [one for one in history if one is not lost]


def number_left_out(history: list[Operation], random: Random) -> list[Operation] | None:
    """A change has the number after the next."""
    writes = [one for one in of(history, "customer", writes=True) if (one.output or {})["sequence"]]
    if not writes:
        return None
    write = random.choice(writes)
    return with_output(history, write, sequence=(write.output or {})["sequence"] + 1)


# --- budgets ---


def _asks(history: Sequence[Operation], granted: int) -> list[Operation]:
    asks = of(history, "budget", writes=True)
    return [one for one in asks if len((one.output or {})["granted_e4"]) == granted]


def _limits(one: Operation) -> tuple[Any, Any]:
    return one.input["triggers"], one.input["limit_e4"]


def overspent(history: list[Operation], random: Random) -> list[Operation] | None:
    """The last one that was refused is granted, where no later one has other limits."""
    refused = [
        one
        for one in _asks(history, 0)
        if all(_limits(other) == _limits(one) for other in _asks(history, 1) if other.of == one.of)
    ]
    if not refused:
        return None
    one = random.choice(refused)
    return with_output(history, one, granted_e4=[one.input["amount_e4"]])


def granted_twice(history: list[Operation], random: Random) -> list[Operation] | None:
    """A trigger comes out a second time."""
    granted = _asks(history, 1)
    if not granted:
        return None
    one = random.choice(granted)
    return with_output(history, one, granted_e4=2 * (one.output or {})["granted_e4"])


def refused_at_first(history: list[Operation], random: Random) -> list[Operation] | None:
    """The first ask of a budget is refused."""
    granted = _asks(history, 1)
    if not granted:
        return None
    campaign = random.choice([one.of for one in granted])
    first = min((one for one in granted if one.of == campaign), key=lambda one: one.return_ns or 0)
    return with_output(history, first, granted_e4=[])


# --- the policy in force ---


def policy_goes_back(history: list[Operation], random: Random) -> list[Operation] | None:
    """A read shows the version before the one that another read had shown when it began."""
    reads = of(history, "policy", writes=False)
    reads = random.sample(reads, min(len(reads), 200))
    places = [
        (read, earlier)
        for read in reads
        for earlier in reads
        if read.of == earlier.of and after(read, earlier) and (earlier.output or {})["in_force"] > 1
    ]
    if not places:
        return None
    read, earlier = random.choice(places)
    return with_output(history, read, in_force=(earlier.output or {})["in_force"] - 1)


def policy_too_early(history: list[Operation], random: Random) -> list[Operation] | None:
    """A read shows a version before it is published."""
    published = [one for one in history if one.kind == "policy" and one.input.get("publish", 0) > 1]
    places = [
        (read, one)
        for one in published
        for read in of(history, "policy", writes=False)
        if read.of == one.of and after(one, read)
    ]
    if not places:
        return None
    read, one = random.choice(places)
    return with_output(history, read, in_force=one.input["publish"])


MUTATIONS: tuple[Mutation, ...] = (
    stale_read,
    dirty_read,
    read_ahead,
    lost_write,
    number_left_out,
    overspent,
    granted_twice,
    refused_at_first,
    policy_goes_back,
    policy_too_early,
)
