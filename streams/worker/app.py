"""The app of a worker: the stages of customers and budgets, and the policy in force that they work by."""

import logging
from collections.abc import Iterator
from dataclasses import replace

from streams.contracts.rates_read import NOTHING_READ, RatesRead
from streams.kafka.policies import KnownPolicies, read_newest_policies
from streams.kafka.rates import check_rates_are_on, read_newest_rates
from streams.kafka.topics import allowed_now
from streams.metrics import Shown
from streams.partition.customers import Customers
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.stages.customers import NAME as CUSTOMERS
from streams.stages.customers import customers_stage
from streams.stages.worked import worked_stages
from streams.worker.known_policies import load_in_force, loadable_policies, policy_in_force
from streams.worker.lane_app import LaneApp, add_agent
from streams.worker.takeover import persistently

_log = logging.getLogger(__name__)


class TierflowApp(LaneApp):
    """The lane app that works by the policy in force."""

    def __init__(self, settings: Settings, policy: Policy, partitions: int) -> None:
        super().__init__(settings, settings.app_id)
        self.policy = policy
        self.policies: dict[int, Policy] = {}  # by mark: every known one
        self.policies_read_to = 0  # the offset on `tier.policies` before which every record is known
        self.rates = NOTHING_READ  # of the topic of rates, where there is one
        self.partitions = partitions
        for stage in worked_stages(settings, policy, partitions):
            self.add_stage(stage, dict.fromkeys(stage.topics - set(stage.beside), partitions))

    def shown(self) -> Iterator[Shown]:
        """Gives the gauges of any lane app, and the policy in force."""
        yield from super().shown()
        yield ("policy", self.policy.name, str(self.policy.version), self.policy.digest), 1

    def held(self) -> str:
        """Gives the partition numbers of customers that it holds."""
        return ", ".join(map(str, sorted(lane.number for lane in self.lanes_of(CUSTOMERS)))) or "none"

    def customer_partitions(self) -> list[Customers]:
        """Gives the customers of every partition that this worker holds and has taken over."""
        return [lane.partition for lane in self.lanes_of(CUSTOMERS) if isinstance(lane.partition, Customers)]

    async def before_lanes(self) -> None:
        """Reads `tier.policies` and the topic of rates to their ends, before lanes start: what is in force.

        The former owner of a partition may have heard of a newer policy than this worker. To rate its customers back,
        and then again by the newer one, would give real tier changes, and end graces and campaigns.
        """

        async def read() -> None:
            self.learn(await read_newest_policies(self.settings))
            self.learn_rates(await read_newest_rates(self.settings, self.rates))

        await persistently(read, "the policy in force could not be read", lambda: self.should_stop, self.contact.look)

    def learn(self, known: KnownPolicies) -> None:
        """Takes note of all that was read of `tier.policies`, and puts the policy in force that is in force there.

        Raises:
            UsageError: None is in force, or this release cannot use it.
        """
        self.policies.update((policy.mark, policy) for policy in loadable_policies(known))
        self.policies_read_to = max(self.policies_read_to, known.next_offset)
        self.adopt(policy_in_force(known))

    def adopt_newer(self, offset: int, document: str) -> None:
        """Puts a policy in force that the follower of `tier.policies` has found at this offset, unless it is known."""
        if offset >= self.policies_read_to:
            self.policies_read_to = offset + 1
            self.adopt(load_in_force(document))

    def learn_rates(self, rates: RatesRead) -> None:
        """Takes note of what was read of the topic of rates, unless more is known."""
        if rates.table.next_offset > self.rates.table.next_offset:
            self.rates = rates
            if self.policy.rates is not None:
                _log.info("rates are known up to offset %d of their topic", rates.table.next_offset)
                self._renew_customers()

    def adopt(self, policy: Policy) -> None:
        """Puts a policy in force in this worker: every lane of customers switches to it between two batches.

        Raises:
            UsageError: It needs rates of a topic, and none are read here.
        """
        check_rates_are_on(self.settings, policy)
        if policy.digest == self.policy.digest:
            return
        _log.info("policy %s version %d is in force (%s)", policy.name, policy.version, policy.digest)
        self.policies[policy.mark] = self.policy = policy
        self._renew_customers()

    async def misfit(self) -> str | None:
        """Says which topic does not fit any more, and takes note of how large dead letters may be now."""
        allowed = await allowed_now(self.settings)
        if allowed.letter_bytes is not None and allowed.misfit is None:
            self.adopt_letter_bytes(allowed.letter_bytes)
        return allowed.misfit

    def adopt_letter_bytes(self, letter_bytes: int) -> None:
        """Lets dead letters have this size from the next batch on: the limit of their topic was changed."""
        if letter_bytes == self.settings.letter_bytes:
            return
        _log.info("dead letters may have %d bytes from now on", letter_bytes)
        self.settings = replace(self.settings, letter_bytes=letter_bytes)
        self._renew_customers()

    def _renew_customers(self) -> None:
        stage = customers_stage(self.settings, self.policy, self.partitions, rates=self.rates)
        self.stages[CUSTOMERS] = stage
        for lane in self.lanes_of(CUSTOMERS):
            lane.adopt(stage)


def create_app(settings: Settings, known: KnownPolicies, partitions: int) -> TierflowApp:
    """Makes the app with its stages, agent and table, ready for Faust's worker; nothing watches over it yet.

    known: the policies on `tier.policies`, one of which must be in force. partitions: how many each input topic has.
    """
    app = TierflowApp(settings, policy_in_force(known), partitions)
    app.learn(known)
    # Faust gives a partition number of all topics to one worker only where a real table has a changelog.
    # The name makes its changelog {app id}-customers-changelog (settings.changelog_topic).
    app.Table("customers", partitions=partitions)
    add_agent(app)
    return app
