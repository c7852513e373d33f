"""Compiles a whole policy file, and works out what follows from several of its tables together."""

from collections.abc import Sequence
from hashlib import sha256
from zoneinfo import ZoneInfo

import msgspec

from streams.policy.campaigns import Campaign, CashBack, FeeAlert
from streams.policy.compile.campaigns import CampaignCompiler
from streams.policy.compile.falling import compile_falling
from streams.policy.compile.floors import floors_of, value_floors
from streams.policy.compile.loans import compile_loan_rules, days_looked_back
from streams.policy.compile.measures import MeasureCompiler
from streams.policy.compile.numbers import fixed
from streams.policy.compile.schedule import compile_schedule
from streams.policy.compile.services import strategy_days
from streams.policy.compile.tiers import TierCompiler
from streams.policy.compile.wakes import campaigns_by_event
from streams.policy.language.document import FallingRule, PolicyFile
from streams.policy.language.forms import unknown
from streams.policy.language.problems import Problems
from streams.policy.measures import Floor, Measure, Term
from streams.policy.policy import MARK_BITS, Policy
from streams.policy.schedule import Schedule
from streams.values.calendar import Calendar
from streams.values.events import TRANSACTION_TYPES
from streams.values.money import ONE_RATE, ONE_SHARE, RATE_DECIMALS, SHARE_DECIMALS, VALUE_DECIMALS


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
        file, digest = self.file, sha256(document.encode()).hexdigest()
        terms = tuple(self._terms())
        tiers = TierCompiler(file.tiers, self.problems, self.measures).tiers()
        floors = tuple(floor for tier in tiers for floor in floors_of(tier))
        rank = {tier.id: index for index, tier in enumerate(tiers)}
        caps = self._caps(rank)
        self.measures.look_at_unused()
        campaigns = CampaignCompiler(file, self.problems, tiers, self.measures.of_campaign).campaigns()
        loan_rules = None if file.risk is None else compile_loan_rules(file.risk, rank, self.problems)
        measures = self.measures.measures
        seen = [*measures, *_measures_of(campaigns)]
        return Policy(
            name=file.name,
            version=file.version,
            digest=f"sha256:{digest}",
            mark=int(digest[: MARK_BITS // 4], 16),
            document=document,
            currency=file.currency,
            calendar=Calendar(self._zone()),
            to_value=self._to_value(),
            measures=tuple(measures),
            windows=tuple(measure for measure in measures if measure.window is not None),
            terms=terms,
            credit_share_e4={standing: fixed(share, SHARE_DECIMALS) for standing, share in file.value.credit.items()},
            caps=caps,
            tiers=tiers,
            rank=rank,
            floors_e16=value_floors(tiers),
            floors=floors,
            held_measures=_held_measures(floors, measures),
            keeps=any(tier.keep is not None for tier in tiers),
            look_back_days=max(
                [file.history.transaction_days, days_looked_back(loan_rules), *(measure.days for measure in seen)]
            ),
            look_back_months=max((measure.months for measure in seen), default=0),
            rises=self.rises,
            falls=self.falls,
            rises_at_once=self.rises_at_once,
            falls_at_once=self.falls_at_once,
            at_once=self.rises_at_once and self.falls_at_once,
            falling=compile_falling(file.falling, self.falls, self.problems),
            next_month=file.rating.effect == "next_month",
            counts_ratings=self._counts_ratings(),
            ratings_looked_at=self._ratings_looked_at(),
            serves_earned=self._serves_earned(),
            timeless=self._is_timeless(),
            moving_days=tuple(m.days for m in self.measures.rated_at_once if m.kind == "average" and m.days),
            moving_months=any(m.months for m in self.measures.rated_at_once),
            looked_at_types=_types_of(measures),
            kept_types=TRANSACTION_TYPES if file.history.transaction_days else _types_of(seen),
            history_days=file.history.transaction_days,
            daily_totals=frozenset(
                [m.of for m in seen if m.kind in ("average", "month_end")]
                + ["assets"] * (days_looked_back(loan_rules) > 0)
            ),
            strategy_days=strategy_days(tier.strategy for tier in tiers),
            campaigns=campaigns,
            woken=campaigns_by_event(campaigns),
            loan_rules=loan_rules,
        )

    # --- the value, caps, rates ---

    def _terms(self) -> list[Term]:
        rules = self.file.value.terms
        if not rules:
            self.problems.add_unless_known(
                ("value", "terms"), 'the list is empty; write at least one term: [{ measure = "assets" }]'
            )
        terms = []
        for number, rule in enumerate(rules):
            at_most = None if rule.at_most is None else fixed(rule.at_most, VALUE_DECIMALS)
            measure = self.measures.number(("value", "terms", number, "measure"), rule.measure)
            terms.append(Term(measure, fixed(rule.weight, SHARE_DECIMALS), at_most))
        return terms

    def _caps(self, rank: dict[str, int]) -> dict[str, int]:
        for standing, tier in self.file.caps.items():
            if tier not in rank and not self.problems.has_broken_tiers():
                self.problems.add_unless_known(("caps", standing), unknown(tier, list(rank), "tier"))
        return {standing: rank.get(tier, 0) for standing, tier in self.file.caps.items()}

    def _to_value(self) -> dict[str, int]:
        rates = {currency: fixed(rate, RATE_DECIMALS) for currency, rate in self.file.rates.items()}
        if self.file.currency in rates:
            self.problems.add_unless_known(
                ("rates", self.file.currency), "the policy's own currency has no rate; take the line out"
            )
        rates[self.file.currency] = ONE_RATE
        return {currency: rate_e8 * ONE_SHARE for currency, rate_e8 in rates.items()}

    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.file.time_zone)
        except (KeyError, ValueError, OSError):  # noted already by language/forms.py
            return ZoneInfo("UTC")

    # --- what follows from how customers are rated ---

    def _counts_ratings(self) -> bool:
        return self.file.falling.after_months > 0 and self.falls.when in {"month_end", "dates"}

    def _ratings_looked_at(self) -> int:
        if self._counts_ratings():
            return self.file.falling.after_months
        return 2 if self.file.falling.to == "higher_of_last_two" else 1

    def _serves_earned(self) -> bool:
        """Says whether the earned tier is always served at once, whatever tier was held before."""
        keeps = any(tier.keep is not None for tier in self.file.tiers)
        falls_plainly = msgspec.structs.replace(self.file.falling, when=None) == FallingRule()
        return self._takes_effect_at_once() and not keeps and falls_plainly

    def _is_timeless(self) -> bool:
        """Says whether only events and the ends of pins change a tier: no rating, window or fall waits for a time."""
        falling = self.file.falling
        waits = falling.after_days or falling.after_months or falling.protection_days or falling.term_months
        looks_back = any(measure.days or measure.months for measure in self.measures.measures)
        return self._takes_effect_at_once() and not waits and not looks_back

    def _takes_effect_at_once(self) -> bool:
        return self.rises_at_once and self.falls_at_once and self.file.rating.effect == "at_once"


def _is_at_once(schedule: Schedule) -> bool:
    return schedule.when == "at_once"


def _measures_of(campaigns: Sequence[Campaign]) -> list[Measure]:
    """Gives the measures that campaigns look at, with or without a number."""
    months = [campaign.terms.month for campaign in campaigns if isinstance(campaign.terms, CashBack)]
    return months + [campaign.terms.measure for campaign in campaigns if isinstance(campaign.terms, FeeAlert)]


def _types_of(measures: Sequence[Measure]) -> frozenset[str]:
    return frozenset(type_ for measure in measures for type_ in measure.types)


def _held_measures(floors: Sequence[Floor], measures: Sequence[Measure]) -> tuple[int | None, ...]:
    """Gives the measures with a floor to enter; None: the value. A standing is left out: it is no figure to show."""
    held = {floor.measure: None for floor in floors if floor.rule == "enter"}
    return tuple(m for m in held if m is None or measures[m].kind != "standing") or (None,)
