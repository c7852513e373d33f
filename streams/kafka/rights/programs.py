"""The rows of programs that run on: tierflow's own, and those of others that write its inputs or read its outputs."""

from collections.abc import Collection, Mapping

from streams.kafka.rights.right import Row, Rows
from streams.kafka.rights.shared import (
    DELIVERED,
    account_changelogs,
    account_inputs,
    account_topics,
    all_topics,
    changelogs,
    keys,
    opens_sealed,
    outputs,
    reads_erasures,
    tables,
    unseen,
    without,
)
from streams.settings import Settings


def worker(settings: Settings) -> Rows:
    """Gives the rows of `tierflow worker`."""
    rows = (*_worked(settings), *_followed(settings))
    checked = "see that the topics are as they must be, at the start and every 10 s"
    fences = "write all of the above exactly once; fence the worker before"
    return (
        *rows,
        Row("DESCRIBE", "topic", unseen(settings, rows), "see, with all topics of the app, that they are there"),
        Row("DESCRIBE_CONFIGS", "topic", all_topics(settings), checked),
        Row("READ", "group", [settings.app_id], "share the partitions between workers; commit positions"),
        Row("WRITE", "transactional id", [settings.transactional_ids], fences, prefixed=True),
    )


def _worked(settings: Settings) -> Rows:
    """Gives the rows of what a worker's stages read and write."""
    inputs, candidates, states = settings.input_topics(), [settings.candidates_topic], changelogs(settings)
    order, shown = outputs(settings, "order"), outputs(settings, *DELIVERED, "current", "dead-letters")
    merged = [settings.input_topic("customers")]
    hands_on = "where ids are merged: hand on to the other id (asked for by the first merge)"
    left_open = (
        "after a broker's crash: find transactions of ours that it has left open (DescribeProducers), and end them"
    )
    newest = "hold the state against the newest transaction, when a partition is taken over"
    sealed = "write keys with what is sealed by them, and delete them with an erasure"
    return (
        Row("READ", "topic", inputs, "read events; commit how far they are worked"),
        Row("WRITE", "topic", merged, hands_on, when_used=True),
        Row("WRITE", "topic", [*shown, *order], "write what is decided"),
        Row("READ", "topic", shown, left_open),
        Row("READ", "topic", order, newest),
        Row("READ", "topic", states, "read the state back, when a partition is taken over"),
        Row("WRITE", "topic", states, "write the state, in the same transaction"),
        Row("READ", "topic", candidates, "read triggers that wait for their campaign's budget"),
        Row("WRITE", "topic", candidates, "write them"),
        Row("READ", "topic", keys(settings), "open the states, when a partition is taken over"),
        Row("WRITE", "topic", keys(settings), sealed),
        Row("READ", "topic", tables(settings), "see how far the outputs are written as tables"),
        Row("WRITE", "topic", tables(settings), "write the outputs as tables, exactly once"),
    )


def _followed(settings: Settings) -> Rows:
    """Gives the rows of what a worker follows beside its stages."""
    owner = [settings.owner_topic]
    return (
        Row("READ", "topic", outputs(settings, "policies"), "follow which policy is in force"),
        Row("READ", "topic", settings.rates_topics(), "follow the rates of each day"),
        Row("READ", "topic", owner, "see whether the outputs are this app id's"),
        Row("WRITE", "topic", owner, "mark the outputs as its own; ask for the broker's time"),
    )


def intake(settings: Settings, sources: Mapping[str, str] | None = None) -> Rows:
    """Gives the rows of `tierflow intake`. sources: the topics, by the names of the sources; None: any."""
    names = [""] if sources is None else sources
    states = [settings.intake_changelog(name) if name else f"{settings.intake_id}-" for name in names]
    letters = outputs(settings, "source-dead-letters")
    written, any_source = [*settings.input_topics(), *letters], sources is None
    booked, known = account_inputs(settings), account_changelogs(settings)
    left_open = "after a broker's crash: find transactions that it has left open, and end them"
    fences = "write all of the above exactly once; fence the process before"
    as_they_must_be = "see that they are as they must be"
    return (
        Row("READ", "topic", list((sources or {}).values()), "read the bank's own records"),
        Row("READ", "topic", booked, "read whose accounts are, and bookings by account"),
        Row("WRITE", "topic", booked, "write both, where sources have them"),
        Row("READ", "topic", known, "read back what is known of accounts, and what waits"),
        Row("WRITE", "topic", known, "write it, in the same transaction"),
        Row("DESCRIBE_CONFIGS", "topic", account_topics(settings), as_they_must_be),
        Row("WRITE", "topic", written, "write events, and what cannot be mapped"),
        Row("READ", "topic", written, left_open),
        Row("READ", "topic", states, "see how far each source is, when a partition is taken over", any_source),
        Row("WRITE", "topic", states, "keep how far each source is, in the same transaction", any_source),
        Row("DESCRIBE_CONFIGS", "topic", letters, "see how large a dead letter may be"),
        Row("DESCRIBE_CONFIGS", "topic", states, as_they_must_be, any_source),
        Row("READ", "group", [settings.intake_id], "share the partitions; commit positions"),
        Row("WRITE", "transactional id", [f"{settings.intake_id}-"], fences, prefixed=True),
    )


def deliver(settings: Settings, sent: Collection[str] = DELIVERED, endpoints: Collection[str] | None = None) -> Rows:
    """Gives the rows of `tierflow deliver`.

    sent: the outputs that it delivers, by their names without prefix. endpoints: their names; None: any.
    """
    groups = [settings.deliver_groups + name for name in ("" if endpoints is None else sorted(endpoints))]
    events = outputs(settings, *without(sent, ["erasures"]))
    shares = "share the partitions of an endpoint; commit positions"
    return (
        Row("READ", "topic", events, "read the events that are sent; commit how far they are"),
        reads_erasures(settings),
        Row("READ", "topic", [settings.resend_topic], "read the events that are to be sent again"),
        opens_sealed(settings),
        Row("WRITE", "topic", [settings.parked_topic], "park what an endpoint does not take"),
        Row("READ", "group", groups or [settings.deliver_groups], shares, prefixed=not groups),
    )


def console(settings: Settings) -> Rows:
    """Gives the rows of `tierflow console`, as far as it reads.

    What operators do there needs those of `customers`, `replay` and `policy`, too.
    """
    read = outputs(settings, *DELIVERED, "current", "policies", "dead-letters", "dead-letters-replayed")
    return (
        Row("READ", "topic", read, "keep the index of what was decided up with the outputs"),
        opens_sealed(settings),
    )


def producer(settings: Settings) -> Rows:
    """Gives the rows of whoever produces the inputs. One with transactions needs its transactional id, too."""
    return (
        Row("WRITE", "topic", settings.input_topics(), "send events, with idempotence or without"),
        Row("WRITE", "topic", settings.rates_topics(), "send rates"),
        Row("WRITE", "topic", account_inputs(settings), "say whose accounts are; send bookings by account"),
    )


def reader(settings: Settings, read: Collection[str] = (*DELIVERED, "current", "policies")) -> Rows:
    """Gives the rows of whoever reads outputs: campaign systems, dashboards, `tierflow watch`.

    read: the outputs that it reads, by their names without prefix. One with a consumer group needs READ on that, too.
    """
    return (
        Row("READ", "topic", outputs(settings, *read), "read what is decided, and the policies by their digests"),
        opens_sealed(settings),
    )
