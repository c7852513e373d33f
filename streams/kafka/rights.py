"""The rights on Kafka that each role needs: the one table of them.

A role is a program, or a command of `tierflow`; roles add up. Before it begins, a program asks whether it has what
stands here (permitted.py); `tierflow acls` and deploy/kafka-acls.md are made of it (acls.py). READ, WRITE and ALTER
imply DESCRIBE, so that does not stand beside them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from streams.kafka.topic_specs import table_specs, topic_specs
from streams.settings import Settings

Operation = Literal["READ", "WRITE", "CREATE", "ALTER", "DESCRIBE", "DESCRIBE_CONFIGS"]
Resource = Literal["topic", "group", "transactional id"]
DELIVERED = ("changes", "campaigns", "risk", "erasures")
"""The outputs that systems outside read, by their names without prefix."""


_TO_OPEN = "open what is sealed"


class Right(NamedTuple):
    """An operation on a resource. prefixed: on all whose names begin so."""

    operation: Operation
    resource: Resource
    name: str
    prefixed: bool = False

    @property
    def place(self) -> str:
        """Names the resource."""
        return f"{self.resource} {self.name}{'*' if self.prefixed else ''}"

    def __str__(self) -> str:
        """Names the right as Kafka does."""
        return f"{self.operation} on {self.place}"


class Row(NamedTuple):
    """A row of the table: the same right on some resources, and why it is needed.

    when_used: nothing is refused for want of it before it is used.
    """

    operation: Operation
    resource: Resource
    names: Sequence[str]
    why: str
    prefixed: bool = False
    when_used: bool = False

    @property
    def rights(self) -> Iterator[Right]:
        """Gives the rights one by one."""
        return (Right(self.operation, self.resource, name, self.prefixed) for name in self.names)


Rows = Sequence[Row]


def rights_of(rows: Iterable[Row]) -> list[Right]:
    """Gives the rights of rows, each once, in their order."""
    return list(dict.fromkeys(right for row in rows for right in row.rights))


# --- the table ---


def worker(settings: Settings) -> Rows:
    """Gives the rows of `tierflow worker`."""
    candidates, changelogs, keys = settings.candidates_topic, _changelogs(settings), _keys(settings)
    order, policies, owner = _outputs(settings, "order", "policies", "owner")
    shown = _outputs(settings, *DELIVERED, "current", "dead-letters")
    elsewhere = _without(
        _all(settings),
        [
            *settings.input_topics(),
            *settings.rates_topics(),
            *shown,
            *changelogs,
            *keys,
            *_tables(settings),
            candidates,
            order,
            policies,
            owner,
        ],
    )
    return (
        Row("READ", "topic", settings.input_topics(), "read events; commit how far they are worked"),
        Row(
            "WRITE",
            "topic",
            [settings.input_topic("customers")],
            "where ids are merged: hand on to the other id (asked for by the first merge)",
            when_used=True,
        ),
        Row("WRITE", "topic", [*shown, order], "write what is decided"),
        Row(
            "READ",
            "topic",
            shown,
            "after a broker's crash: find transactions of ours that it has left open (DescribeProducers), and end them",
        ),
        Row("READ", "topic", [order], "hold the state against the newest transaction, when a partition is taken over"),
        Row("READ", "topic", changelogs, "read the state back, when a partition is taken over"),
        Row("WRITE", "topic", changelogs, "write the state, in the same transaction"),
        Row("READ", "topic", [candidates], "read triggers that wait for their campaign's budget"),
        Row("WRITE", "topic", [candidates], "write them"),
        *_reads_keys(settings, "open the states, when a partition is taken over"),
        *_writes_keys(settings, "write keys with what is sealed by them, and delete them with an erasure"),
        *_of_tables(settings, "READ", "see how far the outputs are written as tables"),
        *_of_tables(settings, "WRITE", "write the outputs as tables, exactly once"),
        Row("READ", "topic", [policies], "follow which policy is in force"),
        *_of_rates(settings, "READ", "follow the rates of each day"),
        Row("READ", "topic", [owner], "see whether the outputs are this app id's"),
        Row("WRITE", "topic", [owner], "mark the outputs as its own; ask for the broker's time"),
        Row("DESCRIBE", "topic", elsewhere, "see, with all topics of the app, that they are there"),
        Row(
            "DESCRIBE_CONFIGS",
            "topic",
            _all(settings),
            "see that the topics are as they must be, at the start and every 10 s",
        ),
        Row("READ", "group", [settings.app_id], "share the partitions between workers; commit positions"),
        Row(
            "WRITE",
            "transactional id",
            [settings.transactional_ids],
            "write all of the above exactly once; fence the worker before",
            prefixed=True,
        ),
    )


def producer(settings: Settings) -> Rows:
    """Gives the rows of whoever produces the inputs. One with transactions needs its transactional id, too."""
    return (
        Row("WRITE", "topic", settings.input_topics(), "send events, with idempotence or without"),
        *_of_rates(settings, "WRITE", "send rates"),
        *_of_accounts(settings, "WRITE", _account_inputs, "say whose accounts are; send bookings by account"),
    )


def customers(settings: Settings) -> Rows:
    """Gives the rows of whoever sends pins, consents and erasures."""
    return (
        Row("WRITE", "topic", [settings.input_topic("customers")], "send pin, unpin, opt_out, opt_in, merge, erase"),
    )


def load(settings: Settings) -> Rows:
    """Gives the rows of `tierflow load`, with topics that are there."""
    others = _without(_all(settings), [*settings.input_topics(), *settings.rates_topics()])
    return (*producer(settings), *_looks_at_all(settings, others), *_looks_at_accounts(settings))


def intake(settings: Settings, sources: Mapping[str, str] | None = None) -> Rows:
    """Gives the rows of `tierflow intake`. sources: the topics, by the names of the sources; None: any."""
    names = [""] if sources is None else sources
    changelogs = [settings.intake_changelog(name) if name else f"{settings.intake_id}-" for name in names]
    [letters] = _outputs(settings, "source-dead-letters")
    written, any_source = [*settings.input_topics(), letters], sources is None
    own = "keep how far each source is, in the same transaction"
    return (
        *([] if sources is None else [Row("READ", "topic", list(sources.values()), "read the bank's own records")]),
        *_of_accounts(settings, "READ", _account_inputs, "read whose accounts are, and bookings by account"),
        *_of_accounts(settings, "WRITE", _account_inputs, "write both, where sources have them"),
        *_of_accounts(settings, "READ", _account_changelogs, "read back what is known of accounts, and what waits"),
        *_of_accounts(settings, "WRITE", _account_changelogs, "write it, in the same transaction"),
        *_of_accounts(settings, "DESCRIBE_CONFIGS", _account_topics, "see that they are as they must be"),
        Row("WRITE", "topic", written, "write events, and what cannot be mapped"),
        Row("READ", "topic", written, "after a broker's crash: find transactions that it has left open, and end them"),
        Row("READ", "topic", changelogs, "see how far each source is, when a partition is taken over", any_source),
        Row("WRITE", "topic", changelogs, own, any_source),
        Row("DESCRIBE_CONFIGS", "topic", [letters], "see how large a dead letter may be"),
        Row("DESCRIBE_CONFIGS", "topic", changelogs, "see that they are as they must be", any_source),
        Row("READ", "group", [settings.intake_id], "share the partitions; commit positions"),
        Row(
            "WRITE",
            "transactional id",
            [f"{settings.intake_id}-"],
            "write all of the above exactly once; fence the process before",
            prefixed=True,
        ),
    )


def deliver(settings: Settings, outputs: Collection[str] = DELIVERED, endpoints: Collection[str] | None = None) -> Rows:
    """Gives the rows of `tierflow deliver`.

    outputs: those that it delivers, by their names without prefix. endpoints: their names; None: any.
    """
    groups = [settings.deliver_groups + name for name in ("" if endpoints is None else sorted(endpoints))]
    return (
        Row(
            "READ",
            "topic",
            _outputs(settings, *_without(outputs, ["erasures"])),
            "read the events that are sent; commit how far they are",
        ),
        _reads_erasures(settings),
        Row("READ", "topic", [settings.resend_topic], "read the events that are to be sent again"),
        *_reads_keys(settings, _TO_OPEN),
        Row("WRITE", "topic", [settings.parked_topic], "park what an endpoint does not take"),
        Row(
            "READ",
            "group",
            groups or [settings.deliver_groups],
            "share the partitions of an endpoint; commit positions",
            prefixed=not groups,
        ),
    )


def reader(settings: Settings, outputs: Collection[str] = (*DELIVERED, "current", "policies")) -> Rows:
    """Gives the rows of whoever reads outputs: campaign systems, dashboards, `tierflow watch`.

    outputs: those that it reads, by their names without prefix. One with a consumer group needs READ on that, too.
    """
    return (
        Row("READ", "topic", _outputs(settings, *outputs), "read what is decided, and the policies by their digests"),
        *_reads_keys(settings, _TO_OPEN),
    )


def audit(settings: Settings) -> Rows:
    """Gives the rows of `tierflow audit`. It writes nothing, and joins no group."""
    compared = _outputs(settings, "order", *DELIVERED, "current", "dead-letters")
    kept = [settings.candidates_topic, *_changelogs(settings)]
    [policies] = _outputs(settings, "policies")
    inputs = [*settings.input_topics(), *settings.rates_topics()]
    others = _without(_all(settings), [*inputs, *compared, *kept, *_keys(settings), policies])
    return (
        *_reads_keys(settings, _TO_OPEN),
        Row("READ", "topic", settings.input_topics(), "work the events once more"),
        Row("READ", "topic", [*compared, *kept], "compare what the workers wrote"),
        Row("READ", "topic", [policies], "work by the policies of then"),
        *_of_rates(settings, "READ", "work by the rates of then"),
        *_of_accounts(settings, "READ", _account_topics, "work accounts once more; compare what is known of them"),
        *_looks_at_all(settings, others),
    )


def explain(settings: Settings) -> Rows:
    """Gives the rows of `tierflow explain`."""
    topics = [settings.changelog_topic, settings.output_topic("policies")]
    return (
        Row("READ", "topic", topics, "read a customer's state, and the policy that rated it"),
        *_of_rates(settings, "READ", "tell by the rates of now"),
        *_reads_keys(settings, _TO_OPEN),
    )


def console(settings: Settings) -> Rows:
    """Gives the rows of `tierflow console`, as far as it reads.

    What operators do there needs those of `customers`, `replay` and `policy`, too.
    """
    read = _outputs(settings, *DELIVERED, "current", "policies", "dead-letters", "dead-letters-replayed")
    return (
        Row("READ", "topic", read, "keep the index of what was decided up with the outputs"),
        *_reads_keys(settings, _TO_OPEN),
    )


def simulate(settings: Settings) -> Rows:
    """Gives the rows of `tierflow simulate --from-kafka`, and of `policy publish` where it says who would move."""
    return (
        Row("READ", "topic", settings.input_topics(), "work the events under another policy"),
        *_of_rates(settings, "READ", "work by the rates of each day"),
    )


def topics(settings: Settings) -> Rows:
    """Gives the rows of `tierflow topics create` and `topics check`, and of a worker that is to make the topics."""
    changelogs = _changelogs(settings)
    return (
        Row("CREATE", "topic", _all(settings), "make those that are missing; CREATE on the cluster does, too"),
        Row("READ", "topic", changelogs, "see that the topics are those that the state was made with"),
        *_looks_at_all(settings, _without(_all(settings), changelogs)),
        *_looks_at_accounts(settings),
    )


def grow(settings: Settings) -> Rows:
    """Gives the rows of `tierflow topics grow`."""
    changelogs, policies = _changelogs(settings), *_outputs(settings, "policies")
    current, order, dead_letters = _outputs(settings, "current", "order", "dead-letters")
    single = [spec.name for spec in topic_specs(settings) if spec.single_partition]
    delivered = [*_outputs(settings, *DELIVERED), settings.resend_topic]
    return (
        Row("ALTER", "topic", _without(_all(settings), single), "raise the partitions"),
        Row("DESCRIBE", "topic", _without(single, [policies]), "see that all topics are there"),
        Row("READ", "topic", [*changelogs, current], "read the states that move"),
        Row("WRITE", "topic", [*changelogs, current, order], "write them to their new places"),
        *_reads_keys(settings, "open the states that move"),
        *_writes_keys(settings, "move their keys with them"),
        Row("READ", "topic", [policies], "note which policy is in force"),
        Row("READ", "topic", delivered, "commit where endpoints go on in new partitions"),
        Row(
            "READ",
            "topic",
            [order, dead_letters, settings.candidates_topic, settings.input_topic("customers")],
            "find, with the others, transactions of workers that a broker has left open, and end them",
        ),
        Row("DESCRIBE", "group", [settings.app_id], "see that no worker runs"),
        Row(
            "READ",
            "group",
            [settings.deliver_groups],
            "see that nothing waits to be delivered; commit the same",
            prefixed=True,
        ),
        Row(
            "WRITE", "transactional id", [settings.transactional_ids], "move exactly once; fence workers", prefixed=True
        ),
    )


def policy(settings: Settings) -> Rows:
    """Gives the rows of `tierflow policy publish`, and of a worker that is to put the first one in force.

    `policy list` does without WRITE.
    """
    [policies] = _outputs(settings, "policies")
    return (
        Row("READ", "topic", [policies], "read which policies there are, and which is in force"),
        Row("WRITE", "topic", [policies], "put one in force"),
        *_of_rates(settings, "READ", "say what would change by the rates of now"),
        *_looks_at_all(settings, _without(_all(settings), [policies])),
    )


def dead_letters(settings: Settings) -> Rows:
    """Gives the rows of `tierflow dead-letters list`."""
    topics = _outputs(settings, "dead-letters", "dead-letters-replayed")
    return (Row("READ", "topic", topics, "read dead letters, and which were sent again"), _reads_erasures(settings))


def replay(settings: Settings) -> Rows:
    """Gives the rows of `tierflow dead-letters replay`."""
    inputs, replayed = settings.input_topics(), _outputs(settings, "dead-letters-replayed")
    return (
        *dead_letters(settings),
        Row("READ", "topic", inputs, "read an input again that was too large for its letter"),
        Row("WRITE", "topic", inputs, "send the inputs again"),
        Row("WRITE", "topic", replayed, "mark them as sent, in the same transaction"),
        Row("WRITE", "transactional id", [settings.replay_id], "send each once"),
    )


def parked(settings: Settings) -> Rows:
    """Gives the rows of `tierflow deliver parked`."""
    topics = [settings.parked_topic, settings.resend_topic]
    return (
        Row("READ", "topic", topics, "read parked events, and which were sent again"),
        _reads_erasures(settings),
        *_reads_keys(settings, _TO_OPEN),
    )


def resend(settings: Settings) -> Rows:
    """Gives the rows of `tierflow deliver resend`."""
    return (
        *parked(settings),
        Row("WRITE", "topic", [settings.resend_topic], "send parked events again"),
        Row("WRITE", "transactional id", [settings.resend_id], "send each once"),
    )


def operator(settings: Settings) -> Rows:
    """Gives the rows of a person who operates tierflow: all commands that change something, but worker and deliver."""
    roles = (topics, grow, policy, simulate, replay, resend, customers)
    return [row for role in roles for row in role(settings)]


ROLES: Mapping[str, Callable[[Settings], Rows]] = {
    "worker": worker,
    "producer": producer,
    "deliver": deliver,
    "reader": reader,
    "audit": audit,
    "explain": explain,
    "console": console,
    "simulate": simulate,
    "load": load,
    "intake": intake,
    "topics": topics,
    "grow": grow,
    "policy": policy,
    "customers": customers,
    "dead-letters": dead_letters,
    "replay": replay,
    "parked": parked,
    "resend": resend,
    "operator": operator,
}
"""By the name that `tierflow acls --role` takes."""


def _reads_erasures(settings: Settings) -> Row:
    return Row(
        "READ", "topic", _outputs(settings, "erasures"), "know who was erased: nothing of before is sent or shown"
    )


def _of_rates(settings: Settings, operation: Operation, why: str) -> Rows:
    """Gives a row of the topic of rates; none where there is none."""
    return [Row(operation, "topic", names, why)] if (names := settings.rates_topics()) else []


def _keys(settings: Settings) -> list[str]:
    return [settings.keys_topic] if settings.keys.are_on else []


def _reads_keys(settings: Settings, why: str) -> Rows:
    return [Row("READ", "topic", names, why)] if (names := _keys(settings)) else []


def _writes_keys(settings: Settings, why: str) -> Rows:
    return [Row("WRITE", "topic", names, why)] if (names := _keys(settings)) else []


def _tables(settings: Settings) -> list[str]:
    return [spec.name for spec in table_specs(settings)]


def _of_tables(settings: Settings, operation: Operation, why: str) -> Rows:
    return [Row(operation, "topic", names, why)] if (names := _tables(settings)) else []


def _looks_at_all(settings: Settings, others: Sequence[str]) -> Rows:
    """Gives the rows of a command that checks all topics. others: those of which nothing else lets it see that much."""
    return (
        Row("DESCRIBE", "topic", others, "see that all topics are there"),
        Row("DESCRIBE_CONFIGS", "topic", _all(settings), "see that they are as they must be"),
    )


def _looks_at_accounts(settings: Settings) -> Rows:
    """Gives the rows of who makes and checks the topics of accounts."""
    letters = _outputs(settings, "source-dead-letters")

    def topics(_: Settings) -> list[str]:
        return [*letters, *_account_topics(settings)]

    return (
        *_of_accounts(settings, "CREATE", topics, "make those of accounts that are missing"),
        *_of_accounts(settings, "DESCRIBE_CONFIGS", topics, "see that they are as they must be"),
    )


def _of_accounts(
    settings: Settings, operation: Operation, topics: Callable[[Settings], list[str]], why: str
) -> Sequence[Row]:
    """Gives a row of the topics of accounts; none where these are not joined with their owners."""
    return [Row(operation, "topic", topics(settings), why)] if settings.accounts else []


def _account_topics(settings: Settings) -> list[str]:
    return [*_account_inputs(settings), *_account_changelogs(settings)]


def _account_inputs(settings: Settings) -> list[str]:
    return [settings.input_topic("accounts"), settings.by_account_topic]


def _account_changelogs(settings: Settings) -> list[str]:
    return [settings.account_records_changelog, settings.accounts_changelog_topic]


def _all(settings: Settings) -> list[str]:
    return [spec.name for spec in topic_specs(settings)]


def _outputs(settings: Settings, *names: str) -> list[str]:
    return [settings.output_topic(name) for name in names]


def _changelogs(settings: Settings) -> list[str]:
    return [settings.changelog_topic, settings.budgets_changelog_topic]


def _without(names: Iterable[str], others: Collection[str]) -> list[str]:
    return [name for name in names if name not in others]
