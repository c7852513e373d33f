"""The topics of `tierflow intake`: the sources' own and the inputs must be there; what it keeps beside them is made."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAuthorizationFailedError

from streams.errors import UsageError
from streams.kafka.admin import Admin, configs_of
from streams.kafka.never_taken import MAX_MESSAGE_BYTES
from streams.kafka.refusals import needs
from streams.kafka.topic_specs import LOOKED_AT, TopicSpec, intake_specs, misfits, missing_topics, topic_specs
from streams.kafka.topics import create, partition_counts, raise_partitions, wait_until_led
from streams.settings import Settings


class IntakeTopics(NamedTuple):
    """How many partitions each topic has, how large a dead letter of a source may be, and which topics were made."""

    counts: Mapping[str, int]
    letter_bytes: int
    made: list[str]


async def ensure_intake_topics(
    settings: Settings, sources: Mapping[str, str], replication: int = 1, *, makes: bool = True
) -> IntakeTopics:
    """Makes what is missing of the topics of intake, and checks all. sources: the topics, by the names of the sources.

    A changelog has as many partitions as its source, and grows with it; but that of accounts, whose states belong to
    the partitions of then. The dead letters, and the topics of accounts, are made with as many as the inputs have.
    makes: False: nothing is made, and what is missing is an error.

    Raises:
        UsageError: Kafka does not answer, a topic of a source or an input is not there, or one does not fit.
    """
    specs = intake_specs(settings, sources)
    _check_foreign(settings, sources, {spec.name for spec in (*topic_specs(settings), *specs)})
    names = {*sources.values(), *settings.input_topics(), *(spec.name for spec in specs)}
    async with Admin(settings) as admin:
        counts = await partition_counts(admin, names)
        _check_there(settings, sources, counts)
        if not makes and (missing := [spec.name for spec in specs if spec.name not in counts]):
            raise missing_topics(missing)
        _check_accounts(settings, counts)
        made = await _made(admin, settings, sources, counts, replication)
        before, counts = counts, counts | made
        configs = await configs_of(admin, [spec.name for spec in specs], *LOOKED_AT)
    wrong = [misfit for spec in specs for misfit in misfits(spec, configs[spec.name], settings)]
    if wrong:
        raise UsageError("; ".join(wrong))
    letter_bytes = int(configs[specs[0].name][MAX_MESSAGE_BYTES])
    return IntakeTopics(counts, letter_bytes, sorted(made.keys() - before.keys()))


async def _made(
    admin: AIOKafkaAdminClient,
    settings: Settings,
    sources: Mapping[str, str],
    counts: Mapping[str, int],
    replication: int,
) -> dict[str, int]:
    """Makes the topics that are missing, and lets changelogs grow with their sources; gives how many these have now."""
    inputs, made = counts[settings.input_topics()[0]], dict[str, int]()
    changelogs = {settings.intake_changelog(name): counts[topic] for name, topic in sources.items()}
    if settings.accounts:
        changelogs[settings.account_records_changelog] = counts.get(settings.input_topic("accounts"), inputs)
        changelogs[settings.accounts_changelog_topic] = counts.get(settings.by_account_topic, inputs)
    by_count = defaultdict[int, list[TopicSpec]](list)
    for spec in intake_specs(settings, sources):
        if spec.name not in counts:
            made[spec.name] = changelogs.get(spec.name, inputs)
            by_count[made[spec.name]].append(spec)
    for partitions, missing in by_count.items():
        await create(admin, missing, partitions, replication)
        await wait_until_led(admin, [spec.name for spec in missing], partitions)
    for changelog, partitions in changelogs.items():
        if changelog not in made and counts[changelog] < partitions:  # the source has grown
            await _grow(settings, changelog, partitions)
            made[changelog] = partitions
    return made


def _check_accounts(settings: Settings, counts: Mapping[str, int]) -> None:
    """Sees to it that accounts are worked under as many partitions as their states were made under."""
    now, then = counts.get(settings.by_account_topic), counts.get(settings.accounts_changelog_topic)
    if then is not None and now not in (None, then):
        raise UsageError(
            f"{settings.by_account_topic} has {now} partitions, {settings.accounts_changelog_topic} {then}: accounts "
            "would be worked where their state is not. It needs no more than it was made with; to have more all the "
            "same, start with another TIERFLOW_APP_ID and send accounts and bookings once more"
        )


async def _grow(settings: Settings, changelog: str, partitions: int) -> None:
    try:
        await raise_partitions(settings, [changelog], partitions)
    except TopicAuthorizationFailedError as error:
        raise UsageError(
            f"{changelog} needs {partitions} partitions, as its source has; {needs([f'ALTER on topic {changelog}'])}"
        ) from error


def _check_foreign(settings: Settings, sources: Mapping[str, str], own: Collection[str]) -> None:
    """Sees to it that no source is a topic of this app: what is written would come in again, and so for ever."""
    for name, topic in sources.items():
        if topic in own:
            raise UsageError(
                f"{settings.sources}: the source {name} reads {topic}, which tierflow itself writes or works; what "
                "comes of a record would be read again, without end; write a topic of yours"
            )


def _check_there(settings: Settings, sources: Mapping[str, str], counts: Mapping[str, int]) -> None:
    for name, topic in sources.items():
        if topic not in counts:
            raise UsageError(
                f"{settings.sources}: the source {name} reads the topic {topic}, which is not there (or this user may "
                "not see it); make it, or mend `topic`"
            )
    missing = [topic for topic in settings.input_topics() if topic not in counts]
    if missing:
        raise missing_topics(missing)
