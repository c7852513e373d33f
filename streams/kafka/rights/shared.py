"""What the rows of several roles are about: kinds of topics, and the rows that all of these roles have."""

from collections.abc import Collection, Iterable

from streams.kafka.rights.right import Row, Rows
from streams.kafka.topic_specs import account_specs, table_specs, topic_specs
from streams.settings import Settings

DELIVERED = ("changes", "campaigns", "risk", "erasures")
"""The outputs that systems outside read, by their names without prefix."""

_SHOWS = {"READ", "WRITE", "ALTER", "DESCRIBE"}
"""The operations that let a topic be seen: all of them imply DESCRIBE."""


# --- topics ---


def all_topics(settings: Settings) -> list[str]:
    """Gives all topics of the app, without those that `tierflow intake` alone has."""
    return [spec.name for spec in topic_specs(settings)]


def outputs(settings: Settings, *names: str) -> list[str]:
    """Gives outputs by their names without prefix."""
    return [settings.output_topic(name) for name in names]


def changelogs(settings: Settings) -> list[str]:
    """Gives the topics that hold the states of customers and of budgets."""
    return [settings.changelog_topic, settings.budgets_changelog_topic]


def keys(settings: Settings) -> list[str]:
    """Gives the topic of the customers' keys; nothing where nothing is sealed."""
    return [settings.keys_topic] if settings.keys.are_on else []


def tables(settings: Settings) -> list[str]:
    """Gives the topics of the outputs as tables; nothing where these are not written."""
    return [spec.name for spec in table_specs(settings)]


def account_topics(settings: Settings) -> list[str]:
    """Gives the topics of accounts; nothing where these are not joined with their owners."""
    return [spec.name for spec in account_specs(settings)]


def account_inputs(settings: Settings) -> list[str]:
    """Gives those of them whose records say whose accounts are, and what is booked on them."""
    return [settings.input_topic("accounts"), settings.by_account_topic] if settings.accounts else []


def account_changelogs(settings: Settings) -> list[str]:
    """Gives the others, which hold what is known of accounts, and what waits."""
    return without(account_topics(settings), account_inputs(settings))


def without(names: Iterable[str], others: Collection[str]) -> list[str]:
    """Gives the names that are not among the others."""
    return [name for name in names if name not in others]


# --- rows ---


def opens_sealed(settings: Settings) -> Row:
    """Gives the row of whoever reads what may be sealed."""
    return Row("READ", "topic", keys(settings), "open what is sealed")


def reads_erasures(settings: Settings) -> Row:
    """Gives the row of whoever sends or shows what is kept of customers."""
    why = "know who was erased: nothing of before is sent or shown"
    return Row("READ", "topic", outputs(settings, "erasures"), why)


def unseen(settings: Settings, rows: Iterable[Row]) -> list[str]:
    """Gives the topics of the app that none of the rows lets be seen."""
    seen = {name for row in rows if row.resource == "topic" and row.operation in _SHOWS for name in row.names}
    return without(all_topics(settings), seen)


def looks_at_all(settings: Settings, rows: Rows) -> Rows:
    """Gives the rows of a command that checks all topics: these, and what else it takes to see them."""
    return (
        *rows,
        Row("DESCRIBE", "topic", unseen(settings, rows), "see that all topics are there"),
        Row("DESCRIBE_CONFIGS", "topic", all_topics(settings), "see that they are as they must be"),
    )


def looks_at_accounts(settings: Settings) -> Rows:
    """Gives the rows of who makes and checks the topics of accounts."""
    found = account_topics(settings)
    names = [*outputs(settings, "source-dead-letters"), *found] if found else []
    return (
        Row("CREATE", "topic", names, "make those of accounts that are missing"),
        Row("DESCRIBE_CONFIGS", "topic", names, "see that they are as they must be"),
    )
