"""The stage of customers: the bank's inputs in; tier changes, triggers, risk messages, erasures, dead letters out."""

import secrets
from collections.abc import Callable, Mapping

from streams.contracts.kept import LaneRecord
from streams.contracts.packing import moved_state
from streams.contracts.rates_read import NOTHING_READ, RatesRead
from streams.partition.customers import Customers
from streams.partition.seals import Seals
from streams.partition.setup import PartitionSetup
from streams.partition.work import (
    CAMPAIGNS,
    CANDIDATES,
    CHANGES,
    CURRENT,
    DEAD_LETTERS,
    ERASURES,
    KEYS,
    MERGES,
    ORDER,
    RISK,
)
from streams.policy.day_rates import with_rates
from streams.policy.policy import Policy
from streams.settings import Settings, time_zone_data
from streams.stages.placing import Owns, place_of_campaigns, place_of_customers
from streams.stages.stage import Output, Stage, Wait
from streams.values.calendar import Clock
from streams.values.events import LOANS

NAME = "customers"
_TIER_OUTPUTS = (CHANGES, CURRENT, CAMPAIGNS, RISK, ERASURES, DEAD_LETTERS, ORDER)


def customers_stage(
    settings: Settings,
    policy: Policy,
    partitions: int,
    clock: Clock | None = None,
    rates: RatesRead = NOTHING_READ,
) -> Stage:
    """Makes the stage under a policy.

    partitions: how many each input topic has. clock: used instead of that of the settings. rates: those of the topic.
    """
    rated = with_rates(policy, rates.table)

    def open_partition(number: int, packed: dict[bytes, bytes], lane: LaneRecord) -> Customers:
        setup = partition_setup(settings, rated, number, partitions, clock)._replace(refused_rates=rates.refused)
        return Customers(setup, packed, lane, takes_up=False)

    waits = settings.loan_wait_ms > 0 and (clock or settings.clock) == "wall"
    outputs = {name: Output(settings.output_topic(name)) for name in _TIER_OUTPUTS}
    keys = {KEYS: Output(settings.keys_topic)} if settings.keys.are_on else {}
    return Stage(
        name=NAME,
        title="partition",
        group=settings.app_id,
        ids_prefix=settings.transactional_ids,
        inputs=settings.input_topics(),
        outputs={
            **outputs,
            **keys,
            CANDIDATES: Output(settings.candidates_topic, place_of_campaigns()),
            MERGES: Output(settings.input_topic("customers"), place_of_customers(settings)),
        },
        changelog=settings.changelog_topic,
        open=open_partition,
        place=None if settings.partitioner == "none" else place_of_customers(settings),
        moved=moved_state,
        beside=(settings.output_topic("policies"), *settings.rates_topics()),
        always=(ORDER,),
        backfill=settings.backfill,
        witnesses=(CHANGES, CAMPAIGNS, RISK, ERASURES, CANDIDATES, MERGES),
        # On the event clock every topic is waited for in any case.
        wait=Wait(LOANS, settings.loan_wait_ms) if waits else None,
        seals=_seals(settings),
    )


def _seals(settings: Settings) -> Callable[[Mapping[bytes, bytes]], Seals] | None:
    """Gives how a partition's customers get their keys; None where nothing is sealed."""
    if not settings.keys.are_on:
        return None
    master = settings.keys.master()
    return lambda wrapped: Seals(master, wrapped, secrets.token_bytes)


def source_of(settings: Settings) -> str:
    """Gives what messages name as their source."""
    return f"/tierflow/{settings.app_id}"


def partition_setup(  # noqa: PLR0913 - the place, and what the log says otherwise than the settings
    settings: Settings,
    policy: Policy,
    partition: int,
    partitions: int,
    clock: Clock | None = None,
    *,
    remembered_ids: int | None = None,
) -> PartitionSetup:
    """Gives what one partition works by.

    partitions: how many there are. clock, remembered_ids: used instead of those of the settings.
    """
    return PartitionSetup(
        partition=partition,
        policy=policy,
        clock=clock or settings.clock,
        topics=settings.input_topics(),
        source=source_of(settings),
        owns=Owns(partition, partitions, settings),
        letter_bytes=settings.letter_bytes,
        remembered_ids=remembered_ids or settings.remembered_ids,
        partitioner=settings.partitioner,
        tzdata=time_zone_data(),
        rates_topic=settings.input_topic("rates"),
    )
