"""Compiles the campaigns of a policy file, and notes what a kind of campaign lacks or does not take."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from streams.languages.said import and_also, joined, say
from streams.policy.campaigns import (
    AtRisk,
    Budget,
    Campaign,
    CampaignKind,
    CampaignTerms,
    CashBack,
    Contact,
    Dormant,
    FeeAlert,
    Gift,
    NearTier,
    Welcome,
)
from streams.policy.compile.numbers import read_fixed
from streams.policy.language.campaigns import SETTLES_S, CampaignRule, ContactRule
from streams.policy.language.document import PolicyFile
from streams.policy.language.forms import quoted, unknown
from streams.policy.language.problem import Path
from streams.policy.language.problems import Problems
from streams.policy.measures import Condition, Measure
from streams.policy.policy import Tier
from streams.values.currencies import minor_decimals
from streams.values.events import TRANSACTION_TYPES
from streams.values.fingerprint import fingerprint
from streams.values.money import ONE_SHARE, SHARE_DECIMALS, VALUE_DECIMALS, paid_e4

# By kind: the words that a campaign has to have beside id and kind, and those that it may have.
_COMMON = ("id", "kind", "name", "tiers", "hold_out", "salt", "budget")
_WANTS: Mapping[CampaignKind, Sequence[str]] = {
    "gift": ("at_least", "within_days"),
    "cash_back": ("rate",),
    "near_tier": ("to", "for_days"),
    "dormant": ("without_transaction_days",),
    "welcome": ("tiers",),
    "at_risk": ("days_before",),
    "fee_alert": ("tiers", "measure", "below"),
}
_TAKES: Mapping[CampaignKind, Sequence[str]] = {
    "gift": ("amount",),
    "cash_back": ("types", "at_least", "at_most", "per", "settles_after_days"),
    "near_tier": ("at_least", "within", "within_share", "every_days", "offer_days"),
    "welcome": ("settles_seconds",),
}
_EXAMPLES = {
    "at_least": '"1000"',
    "within_days": "30",
    "rate": '"0.01"',
    "to": '"mid"',
    "for_days": "3",
    "without_transaction_days": "60",
    "tiers": '["mid"]',
    "days_before": "7",
    "measure": '"average"',
    "below": '"200000"',
}


class CampaignCompiler:
    """The compiler of the campaigns of one file. measure: gives a measure by its name; notes problems at the path."""

    def __init__(
        self, file: PolicyFile, problems: Problems, tiers: Sequence[Tier], measure: Callable[[Path, str], Measure]
    ) -> None:
        self._file = file
        self._problems = problems
        self._add = problems.add_unless_known
        self._tiers = tiers
        self._measure = measure
        self._rank = {tier.id: number for number, tier in enumerate(tiers)}

    def campaigns(self) -> tuple[Campaign, ...]:
        """Compiles all campaigns, in the order of the file. Where a problem was noted, they must not be used."""
        contact = self._file.contact
        kept_to = Contact(contact.at_most, contact.in_days or 0, contact.quiet_days)
        campaigns: list[Campaign] = []
        ids: set[str] = set()
        for number, rule in enumerate(self._file.campaigns):
            path: Path = ("campaigns", number)
            if rule.id in ids:
                self._add((*path, "id"), say("another campaign has the id {id}; write another id", id=quoted(rule.id)))
            ids.add(rule.id)
            self._check_words(path, rule)
            for place, tier in enumerate(rule.tiers):
                self._check_tier((*path, "tiers", place), tier)
            campaigns.append(
                Campaign(
                    id=rule.id,
                    kind=rule.kind,
                    terms=self._terms(path, rule),
                    hold_out_e4=read_fixed(rule.hold_out, SHARE_DECIMALS),
                    salt=rule.id if rule.salt is None else rule.salt,
                    budget=self._budget(path, rule),
                    contact=kept_to if rule.id in contact.campaigns else None,
                    once=rule.kind == "gift",
                    recalls=rule.kind == "near_tier",
                )
            )
        self._check_contact(contact)
        return tuple(campaigns)

    # --- by kind ---

    def _terms(self, path: Path, rule: CampaignRule) -> CampaignTerms:  # noqa: PLR0911 - one for each kind
        tiers = frozenset(rule.tiers)
        match rule.kind:
            case "gift":
                amount_e4 = None if rule.amount is None else self._paid((*path, "amount"), rule.amount)
                return Gift(tiers, read_fixed(rule.at_least, VALUE_DECIMALS), rule.within_days or 1, amount_e4)
            case "cash_back":
                return self._cash_back(path, rule, tiers)
            case "near_tier":
                return self._near_tier(path, rule, tiers)
            case "dormant":
                return Dormant(tiers, rule.without_transaction_days or 1)
            case "welcome":
                settles_s = SETTLES_S if rule.settles_seconds is None else rule.settles_seconds
                return Welcome(tiers, settles_s * 1000)
            case "at_risk":
                return AtRisk(tiers, rule.days_before or 1)
            case "fee_alert":
                return FeeAlert(
                    tiers, self._fee_measure((*path, "measure"), rule.measure), read_fixed(rule.below, VALUE_DECIMALS)
                )

    def _cash_back(self, path: Path, rule: CampaignRule, tiers: frozenset[str]) -> CashBack:
        if rule.types == []:
            known = ", ".join(sorted(TRANSACTION_TYPES))
            self._add((*path, "types"), say("the list is empty; write types of transactions: {known}", known=known))
        types = frozenset(["purchase"] if rule.types is None else rule.types)
        rate_e4 = read_fixed(rule.rate, SHARE_DECIMALS)
        if rule.rate is not None and not rate_e4:
            self._add((*path, "rate"), say('a rate of 0 pays nothing; write one such as "0.01"'))
        if rule.at_most is not None:
            self._paid((*path, "at_most"), rule.at_most)
        at_most_e16 = None if rule.at_most is None else read_fixed(rule.at_most, VALUE_DECIMALS)
        per_transaction = rule.per == "transaction"
        counted = Measure(rule.id, "sum", types=types, months=0 if per_transaction else 1)
        days = rule.settles_after_days or 0
        if per_transaction and days:
            says = say("each transaction is paid at once, so no month is settled")
            self._add((*path, "settles_after_days"), say('{says}; take it out, or write per = "month"', says=says))
        at_least_e16 = read_fixed(rule.at_least, VALUE_DECIMALS)
        return CashBack(tiers, counted, at_least_e16, rate_e4, at_most_e16, per_transaction, days, self._basis(types))

    def _basis(self, types: frozenset[str]) -> int:
        """Gives a mark of what sums of these types are worked out by: the same on every machine."""
        rates = self._file.rates
        told = rates if isinstance(rates, str) else sorted(rates.items())
        written = msgspec.json.encode([sorted(types), self._file.currency, told])
        return int.from_bytes(fingerprint(written.decode())[:4])

    def _fee_measure(self, path: Path, name: str | None) -> Measure:
        if name in {"value", "score", "standing"}:
            own = ", ".join([*self._file.measures, "assets", "loans"])
            self._add(
                path,
                say(
                    "a fee goes by an amount that is measured, and {name} is none; write one of {own}",
                    name=name,
                    own=own,
                ),
            )
        return self._measure(path, name or "assets")

    def _near_tier(self, path: Path, rule: CampaignRule, tiers: frozenset[str]) -> NearTier:
        condition = self._condition_to_enter((*path, "to"), rule.to)
        floor_e16 = condition.at_least_e16
        given = [word for word in ("at_least", "within", "within_share") if getattr(rule, word) is not None]
        if len(given) != 1:
            said = (
                say("{given} are both there", given=joined(given, and_also))
                if given
                else say("it does not say how near")
            )
            self._add(path, say("{said}; write one of at_least, within, within_share", said=said))
        near_e16 = read_fixed(rule.at_least, VALUE_DECIMALS)
        if rule.within is not None:
            near_e16 = floor_e16 - read_fixed(rule.within, VALUE_DECIMALS)
        elif rule.within_share is not None:
            share_e4 = read_fixed(rule.within_share, SHARE_DECIMALS)
            near_e16 = floor_e16 * (ONE_SHARE - share_e4) // ONE_SHARE
        below = frozenset(tier.id for tier in self._tiers[: self._rank.get(rule.to or "", 0)])
        return NearTier(
            tiers or below,
            condition.measure,
            near_e16,
            floor_e16,
            rule.for_days or 0,
            rule.every_days or 0,
            rule.offer_days,
        )

    def _condition_to_enter(self, path: Path, to: str | None) -> Condition:
        """Gives the one floor of the tier; where it has none, or several, notes that and gives a stand-in."""
        stand_in = Condition(None, 0)
        if to is None:
            return stand_in
        if to not in self._rank:
            self._check_tier(path, to)
            return stand_in
        enter = self._tiers[self._rank[to]].enter
        if enter is None:
            self._add(path, say("{to} is the first tier, and everybody's; write another tier", to=to))
        elif enter.all is not None or enter.any is not None or self._wants_standing(to):
            self._add(path, say("{to} is not had by one amount, so none is missing; write another tier", to=to))
        else:
            return enter
        return stand_in

    def _wants_standing(self, tier: str) -> bool:
        enter = self._file.tiers[self._rank[tier]].enter
        return enter is not None and enter.standing_at_least is not None

    # --- what all have ---

    def _check_words(self, path: Path, rule: CampaignRule) -> None:
        """Notes the words that the kind needs and that are missing, and those that it does not take."""
        if self._problems.has((*path, "kind")):
            return
        wants, takes = _WANTS[rule.kind], _TAKES.get(rule.kind, ())
        blank = CampaignRule(id=rule.id, kind=rule.kind)
        for word in wants:
            if getattr(rule, word) == getattr(blank, word):
                self._add(
                    (*path, word),
                    say(
                        "this is missing; a campaign of kind {kind} wants it: write {word} = {examples}",
                        kind=rule.kind,
                        word=word,
                        examples=_EXAMPLES[word],
                    ),
                )
        for word in rule.__struct_fields__:
            if word not in {*_COMMON, *wants, *takes} and getattr(rule, word) != getattr(blank, word):
                known = ", ".join([*wants, *takes])
                self._add(
                    (*path, word),
                    say(
                        "a campaign of kind {kind} takes no {word}; it takes {known}",
                        kind=rule.kind,
                        word=word,
                        known=known,
                    ),
                )

    def _check_tier(self, path: Path, tier: str) -> None:
        if tier not in self._rank and not self._problems.has_broken_tiers():
            self._add(path, unknown(tier, list(self._rank), say("tier")))

    def _budget(self, path: Path, rule: CampaignRule) -> Budget | None:
        budget = rule.budget
        if budget is None:
            return None
        if budget.triggers is None and budget.amount is None:
            self._add((*path, "budget"), say("it has no end; write triggers = 1000, or amount, or both"))
        pays = rule.kind == "cash_back" or (rule.kind == "gift" and rule.amount is not None)
        if budget.amount is not None and not pays and not self._problems.has((*path, "kind"), (*path, "amount")):
            self._add(
                (*path, "budget", "amount"),
                say("this campaign pays nothing, so no amount is ever spent; write triggers instead"),
            )
        amount_e4 = None
        if budget.amount is not None:
            amount_e4 = self._paid((*path, "budget", "amount"), budget.amount)
        return Budget(budget.triggers, amount_e4, budget.per)

    def _paid(self, path: Path, amount: str) -> int:
        """Reads an amount to be paid, rounded down to the minor unit; notes one that is less than that."""
        decimals = minor_decimals(self._file.currency)
        amount_e4 = paid_e4(read_fixed(amount, VALUE_DECIMALS), decimals)
        if not amount_e4:
            least = f"{self._file.currency} {Decimal(1).scaleb(-decimals)}"
            says = say(
                "{amount} is less than {least}, the least that can be paid, so nothing is paid",
                amount=quoted(amount),
                least=least,
            )
            self._add(path, say('{says}; write an amount such as "100"', says=says))
        return amount_e4

    def _check_contact(self, rule: ContactRule) -> None:
        known = [campaign.id for campaign in self._file.campaigns]
        for number, name in enumerate(rule.campaigns):
            if name not in known and not self._problems.has_broken_campaigns():
                self._add(("contact", "campaigns", number), unknown(name, known, say("campaign")))
        if (rule.at_most is None) != (rule.in_days is None):
            self._add(
                ("contact",), say("at_most and in_days belong together: at_most = 2 and in_days = 30; write both")
            )
        if rule.campaigns and rule.at_most is None and not rule.quiet_days:
            self._add(
                ("contact",),
                say(
                    "it says for which campaigns and not how often; write at_most = 2 and in_days = 30, or "
                    "quiet_days = 7"
                ),
            )
        if not rule.campaigns and (rule.at_most is not None or rule.quiet_days):
            self._add(
                ("contact", "campaigns"),
                say("this is missing: it says how often and not for which campaigns; write campaigns = [ their ids ]"),
            )
