"""`tierflow worker`: runs one worker; several share the partitions."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from streams.cli.start import make_data_dir, patiently, with_http_port
from streams.errors import TryAgainError, UsageError
from streams.policy.policy import Policy
from streams.settings import Settings, read_policy_file

if TYPE_CHECKING:
    from streams.kafka.policies import KnownPolicies

PARTITIONS = 4


def worker(*, take_outputs: bool = False) -> None:
    """Works on the input topics until SIGTERM or SIGINT. take_outputs: also those that belong to another app id."""
    from streams.kafka.rates import check_rates_are_on
    from streams.logs import set_up_logging
    from streams.worker.run import run_worker

    settings = with_http_port(Settings.from_environment())
    policy = read_policy_file(settings.policy, "TIERFLOW_POLICY")
    check_rates_are_on(settings, policy)
    make_data_dir(settings)
    set_up_logging()
    known, partitions, letter_bytes = asyncio.run(
        patiently(lambda: _prepare(settings, policy, take_outputs=take_outputs))
    )
    run_worker(replace(settings, letter_bytes=letter_bytes), known, partitions)


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
