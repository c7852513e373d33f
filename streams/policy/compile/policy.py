"""Compiles a whole policy file, and works out what follows from several of its tables together."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from streams.languages.said import say
from streams.policy.campaigns import CORRECTED_MONTHS, Campaign, CashBack, FeeAlert, NearTier
from streams.policy.compile.campaigns import CampaignCompiler
from streams.policy.compile.digest import digest_of
from streams.policy.compile.falling import compile_falling, counts_ratings, falls_plainly, has_spans, ratings_looked_at
from streams.policy.compile.floors import floors_of, held_measures, value_floors
from streams.policy.compile.loans import compile_loan_rules, days_looked_back
from streams.policy.compile.measures import MeasureCompiler
from streams.policy.compile.numbers import read_fixed
from streams.policy.compile.products import compile_products
from streams.policy.compile.schedule import compile_schedule
from streams.policy.compile.services import strategy_days
from streams.policy.compile.tiers import TierCompiler
from streams.policy.compile.wakes import campaigns_by_event
from streams.policy.language.document import PolicyFile
from streams.policy.language.forms import unknown
from streams.policy.language.problems import Problems
from streams.policy.loans import LoanRules
from streams.policy.measures import Measure, Term
from streams.policy.policy import MARK_BITS, Policy, Tier
from streams.policy.rates import Rates
from streams.policy.schedule import Schedule
from streams.values.calendar import Calendar
from streams.values.events import TRANSACTION_TYPES
from streams.values.money import ONE_RATE, ONE_SHARE, RATE_DECIMALS, SHARE_DECIMALS, VALUE_DECIMALS
from streams.values.products import Holding

_Fields = dict[str, Any]
_SHORTEST_MONTH_DAYS = 28


def compile_policy(file: PolicyFile, problems: Problems, document: str) -> Policy:
    """Compiles the whole file. Where a problem was noted, the policy must not be used.

    document: the text that the file was read from; the policy's digest is its hash.
    """
    return _Compiler(file, problems).policy(document)


class _Compiler:
    """The compiler of one file. Terms and tiers come first, since they give measures their numbers."""

    def __init__(self, file: PolicyFile, problems: Problems) -> None:
        self.file = file
        self.problems = problems
        self.rises = compile_schedule("rating", file.rating.when, problems)
        falls = file.falling.when
        self.falls = self.rises if falls is None else compile_schedule("falling", falls, problems)
        at_once = _is_at_once(self.rises), _is_at_once(self.falls)
        self.rises_at_once, self.falls_at_once = at_once
        self.measures = MeasureCompiler(file, problems, rated_at_once=any(at_once))

    def policy(self, document: str) -> Policy:
        terms = tuple(self._terms())
        tiers = TierCompiler(self.file.tiers, self.problems, self.measures).tiers()
        rank = {tier.id: index for index, tier in enumerate(tiers)}
        caps = self._caps(rank)
        self.measures.check_unused()
        campaigns = CampaignCompiler(self.file, self.problems, tiers, self.measures.of_campaign).campaigns()
        loan_rules = None if self.file.risk is None else compile_loan_rules(self.file.risk, rank, self.problems)
        return Policy(
            terms=terms,
            rank=rank,
            caps=caps,
            campaigns=campaigns,
            woken=campaigns_by_event(campaigns),
            near={campaign.id: campaign.terms for campaign in campaigns if isinstance(campaign.terms, NearTier)},
            loan_rules=loan_rules,
            **self._origin(document),
            **self._money_and_days(),
            **self._measured(),
            **self._tiers(tiers),
            **self._rated(),
            **self._kept(campaigns, loan_rules),
        )

    # --- the fields of the policy, in groups; partial() lets mypy hold each group against the fields of Policy ---

    def _origin(self, document: str) -> _Fields:
        """Gives where the policy comes from."""
        digest = digest_of(document)
        return partial(
            Policy,
            name=self.file.name,
            version=self.file.version,
            digest=digest,
            mark=int(digest.removeprefix("sha256:")[: MARK_BITS // 4], 16),
            document=document,
        ).keywords

    def _money_and_days(self) -> _Fields:
        """Gives the currencies and the time zone, and what a credit standing adds to the value."""
        credit = self.file.value.credit
        return partial(
            Policy,
            currency=self.file.currency,
            calendar=Calendar(self._zone()),
            joint="first" if self.file.accounts is None else self.file.accounts.joint,
            products=compile_products(self.file.products, self.problems),
            to_value=self._to_value(),
            rates=Rates() if self.file.rates == "topic" else None,
            credit_share_e4={standing: read_fixed(share, SHARE_DECIMALS) for standing, share in credit.items()},
        ).keywords

    def _measured(self) -> _Fields:
        """Gives the measures of the tiers, and which of them have to be looked at when."""
        measures, at_once = self.measures.measures, self.measures.measures_rated_at_once
        return partial(
            Policy,
            measures=tuple(measures),
            windows=tuple(measure for measure in measures if measure.window is not None),
            moving_days=tuple(measure.days for measure in at_once if measure.kind == "average" and measure.days),
            moving_months=any(measure.months for measure in at_once),
            looked_at_types=_types_of(measures),
        ).keywords

    def _tiers(self, tiers: tuple[Tier, ...]) -> _Fields:
        """Gives the tiers, and their floors in the orders in which they are looked for."""
        floors = tuple(floor for tier in tiers for floor in floors_of(tier))
        return partial(
            Policy,
            tiers=tiers,
            floors_e16=value_floors(tiers),
            floors=floors,
            held_measures=held_measures(floors, self.measures.measures),
            keeps=any(tier.keep is not None for tier in tiers),
            strategy_days=strategy_days(tier.strategy for tier in tiers),
        ).keywords

    def _rated(self) -> _Fields:
        """Gives when customers are rated, how they lose a tier, and what follows from both."""
        rule = self.file.falling
        return partial(
            Policy,
            rises=self.rises,
            falls=self.falls,
            rises_at_once=self.rises_at_once,
            falls_at_once=self.falls_at_once,
            at_once=self.rises_at_once and self.falls_at_once,
            by_calendar=self._is_by_calendar(),
            standings_count_then=self._is_by_calendar() and self._looks_at_standings(),
            falling=compile_falling(rule, self.falls, self.problems),
            next_month=self.file.rating.effect == "next_month",
            counts_ratings=counts_ratings(rule, self.falls),
            ratings_looked_at=ratings_looked_at(rule, self.falls),
            serves_earned=self._serves_earned(),
            stands_between_floors=self._takes_effect_at_once(),
            timeless=self._is_timeless(),
        ).keywords

    def _kept(self, campaigns: Sequence[Campaign], loan_rules: LoanRules | None) -> _Fields:
        """Gives how far anything is looked back, and what is kept of customers for that."""
        seen = [*self.measures.measures, *_measures_of(campaigns)]
        of_closings = [measure for measure in seen if measure.kind in ("average", "month_end")]
        totals = self._totals_of_ratings(seen)
        history_days, loan_days = self.file.history.transaction_days, days_looked_back(loan_rules)
        return partial(
            Policy,
            look_back_days=max([history_days, loan_days, *(measure.days for measure in seen)]),
            look_back_months=max((measure.months for measure in seen), default=0),
            closing_days=max([loan_days, *(1 for _ in totals), *(measure.days for measure in of_closings)]),
            closing_months=max((measure.months for measure in of_closings), default=0),
            paid_months=max(map(_paid_months, campaigns), default=0),
            kept_types=TRANSACTION_TYPES if history_days else _types_of(seen),
            daily_totals=frozenset([measure.of for measure in of_closings] + ["assets"] * (loan_days > 0) + totals),
        ).keywords

    # --- the value, caps, rates ---

    def _terms(self) -> list[Term]:
        rules = self.file.value.terms
        if not rules:
            self.problems.add_unless_known(
                ("value", "terms"), say('the list is empty; write at least one term: [{{ measure = "assets" }}]')
            )
        terms = []
        for number, rule in enumerate(rules):
            at_most = None if rule.at_most is None else read_fixed(rule.at_most, VALUE_DECIMALS)
            measure = self.measures.number(("value", "terms", number, "measure"), rule.measure)
            terms.append(Term(measure, read_fixed(rule.weight, SHARE_DECIMALS), at_most))
        return terms

    def _caps(self, rank: dict[str, int]) -> dict[str, int]:
        for standing, tier in self.file.caps.items():
            if tier not in rank and not self.problems.has_broken_tiers():
                self.problems.add_unless_known(("caps", standing), unknown(tier, list(rank), say("tier")))
        return {standing: rank.get(tier, 0) for standing, tier in self.file.caps.items()}

    def _to_value(self) -> dict[str, int]:
        written = {} if self.file.rates == "topic" else self.file.rates
        rates = {currency: read_fixed(rate, RATE_DECIMALS) for currency, rate in written.items()}
        if self.file.currency in rates:
            self.problems.add_unless_known(
                ("rates", self.file.currency), say("the policy's own currency has no rate; take the line out")
            )
        rates[self.file.currency] = ONE_RATE
        return {currency: rate_e8 * ONE_SHARE for currency, rate_e8 in rates.items()}

    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.file.time_zone)
        except (KeyError, ValueError, OSError):  # noted already by language/forms.py
            return ZoneInfo("UTC")

    # --- what follows from how customers are rated ---

    def _serves_earned(self) -> bool:
        """Says whether the earned tier is always served at once, whatever tier was held before."""
        keeps = any(tier.keep is not None for tier in self.file.tiers)
        return self._takes_effect_at_once() and not keeps and falls_plainly(self.file.falling)

    def _is_timeless(self) -> bool:
        """Says whether only events and ends of pins change a tier: no rating, window, fall or rate waits for a time."""
        looks_back = any(measure.days or measure.months for measure in self.measures.measures)
        waits = looks_back or has_spans(self.file.falling) or self.file.rates == "topic"
        return self._takes_effect_at_once() and not waits

    def _is_by_calendar(self) -> bool:
        """Says whether a tier is neither gained nor lost but at a rating by the calendar."""
        return not (self.rises_at_once or self.falls_at_once)

    def _looks_at_standings(self) -> bool:
        looked_at = any(measure.kind in ("standing", "score") for measure in self.measures.measures)
        return looked_at or bool(self.file.value.credit or self.file.caps)

    def _totals_of_ratings(self, seen: Sequence[Measure]) -> list[Holding]:
        """Gives the holdings whose total is looked at as of a rating, which a late event makes again."""
        if not self._is_by_calendar():
            return []
        return [measure.of for measure in seen if measure.kind == "total"] + ["assets"] * bool(self.file.value.credit)

    def _takes_effect_at_once(self) -> bool:
        return self.rises_at_once and self.falls_at_once and self.file.rating.effect == "at_once"


def _is_at_once(schedule: Schedule) -> bool:
    return schedule.when == "at_once"


def _measures_of(campaigns: Sequence[Campaign]) -> list[Measure]:
    """Gives the measures that campaigns look at, with or without a number."""
    counted = [campaign.terms.counted for campaign in campaigns if isinstance(campaign.terms, CashBack)]
    return counted + [campaign.terms.measure for campaign in campaigns if isinstance(campaign.terms, FeeAlert)]


def _paid_months(campaign: Campaign) -> int:
    """Gives how many whole months back transactions have to be there when a payment is made, with corrections."""
    terms = campaign.terms
    if not isinstance(terms, CashBack):
        return 0
    if terms.per_transaction:
        return CORRECTED_MONTHS
    return 1 + CORRECTED_MONTHS + terms.settles_after_days // _SHORTEST_MONTH_DAYS


def _types_of(measures: Sequence[Measure]) -> frozenset[str]:
    return frozenset(type_ for measure in measures for type_ in measure.types)
