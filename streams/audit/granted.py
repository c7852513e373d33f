"""Tells the records of `tier.campaigns` that a budget granted from those that a lane of customers wrote."""

from collections.abc import Mapping

import msgspec

from streams.contracts.sealed import campaign_in, sealed_of
from streams.policy.policy import Policy


class _PolicyName(msgspec.Struct):
    digest: str


class _Trigger(msgspec.Struct):
    campaign: str
    policy: _PolicyName


_decode_trigger = msgspec.json.Decoder(_Trigger).decode


def has_budget(value: bytes | None, policies: Mapping[str, Policy]) -> bool:
    """Says whether a trigger's campaign has a budget, under the policy that the trigger names.

    value: the trigger as JSON. policies: by digest.
    """
    sealed = None if value is None else sealed_of(value)
    if sealed is not None:  # which policy it names is sealed
        campaign = campaign_in(sealed.id, sealed.customer_id)
        return any(_has_budget(policy, campaign) for policy in policies.values())
    try:
        trigger = _decode_trigger(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    policy = policies.get(trigger.policy.digest)
    return policy is not None and _has_budget(policy, trigger.campaign)


def _has_budget(policy: Policy, name: str) -> bool:
    return any(campaign.id == name and campaign.budget is not None for campaign in policy.campaigns)
