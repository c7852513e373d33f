"""`tierflow worker`: runs one worker; several share the partitions."""

import asyncio
import logging
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from streams.errors import AwayError, TryAgainError, UsageError, named
from streams.policy.policy import Policy
from streams.settings import Settings, read_policy_file

if TYPE_CHECKING:
    from streams.kafka.policies import KnownPolicies

PARTITIONS = 4
# Long enough for a broker's restart; a supervisor starts the worker again after that.
KAFKA_WITHIN_S = 30.0
TRIED_EVERY_S = 1.0


def worker(*, take_outputs: bool = False) -> None:
    """Works on the input topics until SIGTERM or SIGINT. take_outputs: also those that belong to another app id."""
    from streams.logs import set_up_logging
    from streams.worker.run import run_worker

    settings = with_http_port(Settings.from_environment())
    policy = read_policy_file(settings.policy, "TIERFLOW_POLICY")
    make_data_dir(settings)
    set_up_logging()
    known, partitions, letter_bytes = asyncio.run(_prepare_patiently(settings, policy, take_outputs=take_outputs))
    run_worker(replace(settings, letter_bytes=letter_bytes), known, partitions)


def make_data_dir(settings: Settings) -> None:
    """Makes the folder for the worker's files.

    Raises:
        UsageError: The folder cannot be made.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"TIERFLOW_DATA_DIR: {settings.data_dir} cannot be made ({error.strerror}); "
            "write a folder that this user may write to"
        ) from error


def with_http_port(settings: Settings) -> Settings:
    """Gives the settings with an HTTP port that is free now. 0, or the default if it is taken, becomes any free port.

    Raises:
        UsageError: A port was asked for, and cannot be listened on.
    """
    wanted = settings.http_port
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.http_host, wanted))
        except OSError as error:
            if settings.http_port_given and wanted:
                raise UsageError(
                    f"TIERFLOW_HTTP_PORT: {settings.http_host}:{wanted} cannot be listened on ({error.strerror}); "
                    "write another port, or 0 for any free one"
                ) from error
            listener.bind((settings.http_host, 0))
        return replace(settings, http_port=listener.getsockname()[1])


async def _prepare_patiently(
    settings: Settings, policy: Policy, *, take_outputs: bool
) -> "tuple[KnownPolicies, int, int]":
    """Does what `_prepare` does, and waits for a Kafka that is away.

    Raises:
        TryAgainError: It has been away for KAFKA_WITHIN_S.
        UsageError: It refuses us, a right is missing, or a topic or a policy cannot be used.
    """
    from aiokafka.errors import KafkaError

    from streams.kafka.never_taken import FORBIDDEN
    from streams.kafka.refusals import forbidden

    give_up_at = time.monotonic() + KAFKA_WITHIN_S
    told = False
    while True:
        try:
            return await _prepare(settings, policy, take_outputs=take_outputs)
        except FORBIDDEN as error:  # of a right that was taken away meanwhile, or of a broker that tells none
            raise UsageError(forbidden(error, "READ and WRITE")) from error
        except (AwayError, KafkaError, TimeoutError) as error:
            why = str(error) if isinstance(error, AwayError) else f"Kafka is in trouble: {named(error)}"
            if time.monotonic() > give_up_at:
                raise TryAgainError(f"{why}; it was waited for, for {KAFKA_WITHIN_S:.0f} s") from error
            if not told:
                logging.getLogger(__name__).warning("%s; waiting for it for %.0f s", why, KAFKA_WITHIN_S)
            told = True
        await asyncio.sleep(TRIED_EVERY_S)


async def _prepare(settings: Settings, policy: Policy, *, take_outputs: bool) -> "tuple[KnownPolicies, int, int]":
    """Makes or checks the topics, claims the outputs, and puts the policy of the file in force if none is.

    Gives all policies on `tier.policies`, the partition count of the inputs, and how large a dead letter may be.
    """
    from streams.kafka.broker_clock import BrokerClock
    from streams.kafka.owner import claim_outputs
    from streams.kafka.permitted import check_rights
    from streams.kafka.policies import publish_policy, read_known_policies
    from streams.kafka.topics import checked_topics, ensure_topics
    from streams.kafka.unchanged import check_unchanged
    from streams.kafka.wall_clock import wall_ms

    await check_rights(settings, "worker")
    await check_unchanged(settings)  # first: what was deleted is not to be made anew without a word
    await ensure_topics(settings, PARTITIONS)
    async with BrokerClock(settings, wall_ms) as clock:
        wrong = await clock.wrong()
    if wrong is not None:
        raise TryAgainError(wrong)
    await claim_outputs(settings, take=take_outputs)
    known = await read_known_policies(settings)
    if known.in_force is None:
        refuse_unfit(policy, settings.policy)
        await check_rights(settings, "policy")
        await publish_policy(settings, policy)
        known = await read_known_policies(settings)
    if known.in_force != policy.digest:
        logging.getLogger(__name__).warning(
            "another policy is in force than the file %s: following %s; to change it: tierflow policy publish FILE",
            settings.policy,
            settings.output_topic("policies"),
        )
    topics = await checked_topics(settings)
    return known, topics.partitions, topics.letter_bytes


def refuse_unfit(policy: Policy, file: Path) -> None:
    """Raises UsageError where `policy publish` would refuse a policy: it is about to be put in force."""
    from streams.policy.check.check import check

    errors = check(policy.document).errors
    if errors:
        from streams.cli.policy import finding_line

        raise UsageError(
            f"{finding_line(file, errors[0])}; mend it and start the worker again: the policy was not published"
        )
