"""Compiles how a tier is lost (docs/policies.md#losing-a-tier-days-below-protection)."""

import msgspec

from streams.languages.said import and_also, joined, say
from streams.policy.language.document import FallingRule
from streams.policy.language.problems import Problems
from streams.policy.policy import Falling
from streams.policy.schedule import Schedule


def compile_falling(rule: FallingRule, falls: Schedule, problems: Problems) -> Falling:
    """Compiles the table [falling]. Where a problem was noted, the result must not be used."""
    ways = {
        "after_days": rule.after_days,
        "after_months": rule.after_months,
        "term_months": rule.term_months,
        "to": rule.to == "higher_of_last_two",
    }
    given = [word for word, is_given in ways.items() if is_given]
    if len(given) > 1:
        names = joined(['"higher_of_last_two"' if word == "to" else word for word in given], and_also)
        problems.add_unless_known(
            ("falling", given[-1]),
            say("{names} are both there; a tier is lost in one way: write one of them", names=names),
        )
    if rule.grace_months and not rule.term_months:
        problems.add_unless_known(
            ("falling", "grace_months"), say("a grace follows a term; write term_months, too, or after_months instead")
        )
    _check_ratings(rule, falls, problems)
    return Falling(
        rule.after_days, rule.after_months, rule.protection_days, rule.term_months, rule.grace_months, rule.to
    )


def counts_ratings(rule: FallingRule, falls: Schedule) -> bool:
    """Says whether months below the floor are a number of ratings; otherwise they are a span of time."""
    return rule.after_months > 0 and falls.when in {"month_end", "dates"}


def ratings_looked_at(rule: FallingRule, falls: Schedule) -> int:
    """Gives how many of the last ratings a decision goes by."""
    if counts_ratings(rule, falls):
        return rule.after_months
    return 2 if rule.to == "higher_of_last_two" else 1


def falls_plainly(rule: FallingRule) -> bool:
    """Says whether the table has no word, or `when` alone: a tier is lost at the first rating below its floor."""
    return msgspec.structs.replace(rule, when=None) == FallingRule()


def has_spans(rule: FallingRule) -> bool:
    """Says whether a fall may wait for the end of a span of time."""
    return bool(rule.after_days or rule.after_months or rule.protection_days or rule.term_months)


def _check_ratings(rule: FallingRule, falls: Schedule, problems: Problems) -> None:
    """Notes ways to lose a tier that do not fit the schedule of its ratings."""
    if problems.has(("rating", "when"), ("falling", "when")):
        return
    if rule.after_months and falls.when == "dates":
        problems.add_unless_known(
            ("falling", "after_months"),
            say("months are not counted by ratings on dates; write term_months instead, or another when in [falling]"),
        )
    if falls.when != "at_once":
        return
    dates = say('when = "month_end", "daily" or a list of dates in [rating] or in [falling]')
    if rule.to == "higher_of_last_two":
        problems.add_unless_known(
            ("falling", "to"),
            say("there are no last two ratings where everything is rated at once; write {dates}", dates=dates),
        )
    if rule.to == "one_step" and not (rule.after_days or rule.after_months or rule.term_months):
        problems.add_unless_known(
            ("falling", "to"),
            say("at once, one step would follow the other with every event; write after_days, or {dates}", dates=dates),
        )
