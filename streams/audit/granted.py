"""Which records of `tier.campaigns` a budget has granted, and a customer's lane has not written."""

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
    """Says whether a trigger is of a campaign that had a budget. policies: by digest."""
    try:
        trigger = _decode_trigger(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    policy = policies.get(trigger.policy.digest)
    campaigns = () if policy is None else policy.campaigns
    return any(campaign.id == trigger.campaign and campaign.budget is not None for campaign in campaigns)
