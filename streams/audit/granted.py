"""Tells the records of `tier.campaigns` that a budget granted from those that a lane of customers wrote."""

from collections.abc import Mapping

import msgspec

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
    try:
        trigger = _decode_trigger(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    policy = policies.get(trigger.policy.digest)
    campaigns = () if policy is None else policy.campaigns
    return any(campaign.id == trigger.campaign and campaign.budget is not None for campaign in campaigns)
