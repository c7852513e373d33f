"""The rows of commands of tierflow that end by themselves."""

from streams.kafka.rights.programs import producer
from streams.kafka.rights.right import Row, Rows
from streams.kafka.rights.shared import (
    DELIVERED,
    account_topics,
    all_topics,
    changelogs,
    keys,
    looks_at_accounts,
    looks_at_all,
    opens_sealed,
    outputs,
    reads_erasures,
    without,
)
from streams.kafka.topic_specs import topic_specs
from streams.settings import Settings


def customers(settings: Settings) -> Rows:
    """Gives the rows of whoever sends pins, consents and erasures."""
    return (
        Row("WRITE", "topic", [settings.input_topic("customers")], "send pin, unpin, opt_out, opt_in, merge, erase"),
    )


def load(settings: Settings) -> Rows:
    """Gives the rows of `tierflow load`, with topics that are there."""
    return (*looks_at_all(settings, producer(settings)), *looks_at_accounts(settings))


def audit(settings: Settings) -> Rows:
    """Gives the rows of `tierflow audit`. It writes nothing, and joins no group."""
    compared = outputs(settings, "order", *DELIVERED, "current", "dead-letters")
    kept = [settings.candidates_topic, *changelogs(settings)]
    joined = "work accounts once more; compare what is known of them"
    rows = (
        opens_sealed(settings),
        Row("READ", "topic", settings.input_topics(), "work the events once more"),
        Row("READ", "topic", [*compared, *kept], "compare what the workers wrote"),
        Row("READ", "topic", outputs(settings, "policies"), "work by the policies of then"),
        Row("READ", "topic", settings.rates_topics(), "work by the rates of then"),
        Row("READ", "topic", account_topics(settings), joined),
    )
    return looks_at_all(settings, rows)


def explain(settings: Settings) -> Rows:
    """Gives the rows of `tierflow explain`."""
    topics = [settings.changelog_topic, settings.output_topic("policies")]
    return (
        Row("READ", "topic", topics, "read a customer's state, and the policy that rated it"),
        Row("READ", "topic", settings.rates_topics(), "tell by the rates of now"),
        opens_sealed(settings),
    )


def simulate(settings: Settings) -> Rows:
    """Gives the rows of `tierflow simulate --from-kafka`, and of `policy publish` where it says who would move."""
    return (
        Row("READ", "topic", settings.input_topics(), "work the events under another policy"),
        Row("READ", "topic", settings.rates_topics(), "work by the rates of each day"),
    )


def topics(settings: Settings) -> Rows:
    """Gives the rows of `tierflow topics create` and `topics check`, and of a worker that is to make the topics."""
    makes = "make those that are missing; CREATE on the cluster does, too"
    rows = (
        Row("CREATE", "topic", all_topics(settings), makes),
        Row("READ", "topic", changelogs(settings), "see that the topics are those that the state was made with"),
    )
    return (*looks_at_all(settings, rows), *looks_at_accounts(settings))


def grow(settings: Settings) -> Rows:
    """Gives the rows of `tierflow topics grow`."""
    states, policies = changelogs(settings), outputs(settings, "policies")
    current, order, dead_letters = outputs(settings, "current", "order", "dead-letters")
    single = [spec.name for spec in topic_specs(settings) if spec.single_partition]
    delivered = [*outputs(settings, *DELIVERED), settings.resend_topic]
    others = [order, dead_letters, settings.candidates_topic, settings.input_topic("customers")]
    left_open = "find, with the others, transactions of workers that a broker has left open, and end them"
    waits, fences = "see that nothing waits to be delivered; commit the same", "move exactly once; fence workers"
    return (
        Row("ALTER", "topic", without(all_topics(settings), single), "raise the partitions"),
        Row("DESCRIBE", "topic", without(single, policies), "see that all topics are there"),
        Row("READ", "topic", [*states, current], "read the states that move"),
        Row("WRITE", "topic", [*states, current, order], "write them to their new places"),
        Row("READ", "topic", keys(settings), "open the states that move"),
        Row("WRITE", "topic", keys(settings), "move their keys with them"),
        Row("READ", "topic", policies, "note which policy is in force"),
        Row("READ", "topic", delivered, "commit where endpoints go on in new partitions"),
        Row("READ", "topic", others, left_open),
        Row("DESCRIBE", "group", [settings.app_id], "see that no worker runs"),
        Row("READ", "group", [settings.deliver_groups], waits, prefixed=True),
        Row("WRITE", "transactional id", [settings.transactional_ids], fences, prefixed=True),
    )


def policy(settings: Settings) -> Rows:
    """Gives the rows of `tierflow policy publish`, and of a worker that is to put the first one in force.

    `policy list` does without WRITE.
    """
    policies = outputs(settings, "policies")
    rows = (
        Row("READ", "topic", policies, "read which policies there are, and which is in force"),
        Row("WRITE", "topic", policies, "put one in force"),
        Row("READ", "topic", settings.rates_topics(), "say what would change by the rates of now"),
    )
    return looks_at_all(settings, rows)


def dead_letters(settings: Settings) -> Rows:
    """Gives the rows of `tierflow dead-letters list`."""
    letters = outputs(settings, "dead-letters", "dead-letters-replayed")
    return (Row("READ", "topic", letters, "read dead letters, and which were sent again"), reads_erasures(settings))


def replay(settings: Settings) -> Rows:
    """Gives the rows of `tierflow dead-letters replay`."""
    inputs, replayed = settings.input_topics(), outputs(settings, "dead-letters-replayed")
    return (
        *dead_letters(settings),
        Row("READ", "topic", inputs, "read an input again that was too large for its letter"),
        Row("WRITE", "topic", inputs, "send the inputs again"),
        Row("WRITE", "topic", replayed, "mark them as sent, in the same transaction"),
        Row("WRITE", "transactional id", [settings.replay_id], "send each once"),
    )


def parked(settings: Settings) -> Rows:
    """Gives the rows of `tierflow deliver parked`."""
    events = [settings.parked_topic, settings.resend_topic]
    return (
        Row("READ", "topic", events, "read parked events, and which were sent again"),
        reads_erasures(settings),
        opens_sealed(settings),
    )


def resend(settings: Settings) -> Rows:
    """Gives the rows of `tierflow deliver resend`."""
    return (
        *parked(settings),
        Row("WRITE", "topic", [settings.resend_topic], "send parked events again"),
        Row("WRITE", "transactional id", [settings.resend_id], "send each once"),
    )
