"""`tierflow intake`: runs the way in; several processes share the partitions of the sources."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from streams.cli.mapping_file import read_mapping_file
from streams.cli.start import make_data_dir, patiently, with_http_port
from streams.errors import UsageError
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.intake.compile.mapping import CompiledMapping
    from streams.kafka.intake_topics import IntakeTopics


def run_sources() -> None:
    """Works the sources of the mapping until SIGTERM or SIGINT.

    Raises:
        UsageError: The mapping cannot be used, a topic is missing, or a right is.
    """
    from streams.logs import set_up_logging
    from streams.worker.intake_run import run_intake

    settings = with_http_port(Settings.from_environment())
    mapping = mapping_with_topics(settings)
    make_data_dir(settings)
    set_up_logging()
    topics = asyncio.run(patiently(lambda: _prepare(settings, mapping)))
    run_intake(replace(settings, letter_bytes=topics.letter_bytes), mapping, topics.counts)


def mapping_with_topics(settings: Settings) -> "CompiledMapping":
    """Reads the mapping of TIERFLOW_SOURCES; an empty one where accounts alone are worked, and there is no file.

    Raises:
        UsageError: It cannot be read or used, none of its sources has a topic, or it has records without a customer and
            the stages of accounts do not run.
    """
    from streams.intake.compile.mapping import no_mapping
    from streams.stages.sources import is_by_account, topics_of

    if settings.accounts and not settings.sources.is_file():
        return no_mapping()
    mapping = read_mapping_file(settings.sources)
    if is_by_account(mapping) and not settings.accounts:
        raise UsageError(
            f"{settings.sources}: it has records that name no customer, or say whose an account is; write "
            "TIERFLOW_ACCOUNTS=on, so that they are joined, or customer_id"
        )
    if not topics_of(mapping) and not settings.accounts:
        raise UsageError(f"{settings.sources}: no source has a topic; files are sent with: tierflow load csv or camt")
    return mapping


async def _prepare(settings: Settings, mapping: "CompiledMapping") -> "IntakeTopics":
    """Checks rights and topics, and makes those that intake keeps for itself."""
    from streams.kafka.intake_topics import ensure_intake_topics
    from streams.kafka.permitted import check_rights
    from streams.kafka.rights.programs import intake
    from streams.stages.sources import topics_of

    topics = topics_of(mapping)
    made = await ensure_intake_topics(settings, topics)
    await check_rights(settings, "intake", intake(settings, topics))
    return made
