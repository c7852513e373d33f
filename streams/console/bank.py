"""The bank as a whole: tiers, flows between them, rates by minute, campaigns, loans."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from streams.console import given
from streams.console.answers.bank import (
    Budget,
    CampaignNow,
    Campaigns,
    Flow,
    Flows,
    LoanMessages,
    Rate,
    Rates,
    TierCount,
    Tiers,
)
from streams.console.asked import Asked, answer
from streams.console.fresh import Fresh
from streams.history.queries import CampaignCount, Place
from streams.policy.campaigns import BudgetPeriod
from streams.policy.language.campaigns import BudgetRule, CampaignRule
from streams.values.calendar import Calendar, month_of, month_start

MINUTE_MS: Final = 60_000
SPANS_MS: Final = {"hour": 60 * MINUTE_MS, "day": 1_440 * MINUTE_MS, "month": 30 * 1_440 * MINUTE_MS}
MOST_MINUTES: Final = 1_440
LOANS: Final = {"decision": "loan", "alert": "alert"}
_SHARE: Final = Decimal("0.0001")


def tiers_handler(asked: Asked) -> Handler:
    """Makes the handler: how many customers each tier has."""
    fresh = Fresh[Tiers]()

    async def work_out() -> Tiers:
        counted, in_force = await asked.queries.customers_by_tier(), await asked.policies.in_force()
        ids = [] if in_force is None else [tier.id for tier in in_force.compiled.policy.tiers]
        ids += sorted(counted.keys() - set(ids))  # of customers whom another policy rated last
        total = sum(counted.values())
        listed = [
            TierCount(
                id=tier,
                names={} if in_force is None else in_force.compiled.tier_names(tier),
                customers=counted.get(tier, 0),
                share=str((Decimal(counted.get(tier, 0)) / max(total, 1)).quantize(_SHARE)),
            )
            for tier in ids
        ]
        told = None if in_force is None else in_force.told()
        return Tiers(tiers=listed, customers=total, complete=asked.follower.progress.built, policy=told)

    async def tiers(_request: web.Request) -> web.StreamResponse:
        return answer(await fresh.get("tiers", work_out), shared=True)

    return tiers


def flows_handler(asked: Asked) -> Handler:
    """Makes the handler: how many went from which tier to which."""
    fresh = Fresh[Flows]()

    async def work_out(span: str) -> Flows:
        to_ms = await asked.now_ms()
        from_ms = to_ms - SPANS_MS[span]
        at = (await asked.calendar()).rfc3339
        found = [
            Flow(previous_tier=previous, tier=tier, direction=direction, changes=count)
            for previous, tier, direction, count in await asked.queries.flows(from_ms, to_ms)
        ]
        return Flows(from_=at(from_ms), to=at(to_ms), flows=found)

    async def flows(request: web.Request) -> web.StreamResponse:
        span = given.word(request, "span", tuple(SPANS_MS), "day")
        return answer(await fresh.get(span, lambda: work_out(span)), shared=True)

    return flows


def rates_handler(asked: Asked) -> Handler:
    """Makes the handler: what was decided in each of the last minutes."""
    fresh = Fresh[Rates]()

    async def work_out(minutes: int) -> Rates:
        now_ms = await asked.now_ms()
        end_ms = now_ms - now_ms % MINUTE_MS + MINUTE_MS
        from_ms = end_ms - minutes * MINUTE_MS
        by_minute: dict[int, Counter[str]] = defaultdict(Counter)
        for at_ms, kind, word, count in await asked.queries.rates(from_ms, end_ms, MINUTE_MS):
            by_minute[at_ms][word or "" if kind == "tier" else kind] += count
        at = (await asked.calendar()).rfc3339
        return Rates(
            points=[_rate(at(at_ms), by_minute[at_ms]) for at_ms in range(from_ms, end_ms, MINUTE_MS)],
        )

    async def rates(request: web.Request) -> web.StreamResponse:
        minutes = given.number(request, "minutes", 60, 1, MOST_MINUTES)
        return answer(await fresh.get(minutes, lambda: work_out(minutes)), shared=True)

    return rates


def _rate(at: str, counted: Counter[str]) -> Rate:
    return Rate(
        at=at,
        upgrades=counted["upgrade"],
        downgrades=counted["downgrade"],
        initial=counted["initial"],
        triggers=counted["campaign"],
        decisions=counted["loan"],
        alerts=counted["alert"],
    )


def campaigns_handler(asked: Asked) -> Handler:
    """Makes the handler: the campaigns and their triggers so far."""
    fresh = Fresh[Campaigns]()

    async def work_out() -> Campaigns:
        counted = {count.campaign: count for count in await asked.queries.campaigns()}
        in_force = await asked.policies.in_force()
        rules = {} if in_force is None else {rule.id: rule for rule in in_force.compiled.file.campaigns}
        at = (await asked.calendar()).rfc3339
        listed = []
        for campaign in [*rules, *sorted(counted.keys() - rules.keys())]:
            count = counted.get(campaign, CampaignCount(campaign, 0, 0, None))
            newest_at = None if count.newest_ms is None else at(count.newest_ms)
            rule = rules.get(campaign)
            budget = None if rule is None or rule.budget is None else await spent(campaign, rule.budget)
            listed.append(_campaign(rule, count, newest_at, budget))
        return Campaigns(items=listed)

    async def spent(campaign: str, rule: BudgetRule) -> Budget:
        calendar = await asked.calendar()
        since_ms = begins_ms(calendar, rule.per, await asked.now_ms())
        granted = await asked.queries.treated_since(campaign, 0 if since_ms is None else since_ms)
        since = None if since_ms is None else calendar.rfc3339(since_ms)
        return Budget(limit=msgspec.to_builtins(rule), granted=granted, since=since)

    async def campaigns(_request: web.Request) -> web.StreamResponse:
        return answer(await fresh.get("campaigns", work_out), shared=True)

    return campaigns


def begins_ms(calendar: Calendar, per: BudgetPeriod, now_ms: int) -> int | None:
    """Gives when the period of a budget that now belongs to began; None where it is ever."""
    match per:
        case "ever":
            return None
        case "day":
            return calendar.midnight_ms(calendar.day_of(now_ms))
        case "month":
            return calendar.month_begins_ms(now_ms)
        case "year":
            month = month_of(calendar.day_of(now_ms))
            return calendar.midnight_ms(month_start(month - month % 12))


def _campaign(
    rule: CampaignRule | None, count: CampaignCount, newest_at: str | None, budget: Budget | None
) -> CampaignNow:
    return CampaignNow(
        id=count.campaign,
        kind=None if rule is None else rule.kind,
        names={} if rule is None else rule.name,
        treated=count.treated,
        held_out=count.held_out,
        newest_at=newest_at,
        budget=budget,
    )


def loans_handler(asked: Asked) -> Handler:
    """Makes the handler: loan decisions, or alerts, the newest first."""

    async def loans(request: web.Request) -> web.StreamResponse:
        asked.check_built()
        kind = LOANS[given.word(request, "kind", tuple(LOANS), "decision")]
        limit, outcome = given.limit(request), given.text(request, "outcome")
        found = await asked.queries.of_kind(kind, outcome, limit + 1, given.after(request, Place))
        page = found[:limit]
        following = given.cursor(page[-1].place) if len(found) > limit else None
        return answer(LoanMessages(items=[msgspec.Raw(one.message) for one in page], next=following))

    return loans
