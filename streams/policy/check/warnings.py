"""Warnings of a policy that can be used, and probably does not do what was meant.

For example tiers that nobody earns, floors out of order and rules that never decide (docs/policies.md#trying-a-policy).
"""

from collections.abc import Mapping
from itertools import chain, pairwise

from msgspec import structs

from streams.languages.said import say
from streams.policy.check.campaign_warnings import campaign_warnings, contact_warnings, strategy_warnings
from streams.policy.check.found import Warnings
from streams.policy.check.loan_warnings import loan_warnings
from streams.policy.check.phrases import amount
from streams.policy.compile.floors import leaves
from streams.policy.language.document import ConditionRule, PolicyFile
from streams.policy.language.forms import quoted
from streams.policy.language.problem import Path, Problem
from streams.policy.language.problems import Problems
from streams.policy.measures import Condition, Measure
from streams.policy.policy import Policy
from streams.values.money import ONE_SHARE, format_value
from streams.values.standings import STANDINGS


def warnings_of(policy: Policy, file: PolicyFile) -> list[Problem]:
    """Gives all that is odd about a policy, with its place."""
    found = _problems(file)
    alike = with_one_name(policy)
    warnings = chain(
        _tiers(alike, file),
        _ladder(alike, file),
        _keeps(alike, file),
        _parts(alike, file),
        _caps(policy),
        _unused(policy, file),
        _names(policy, file),
        campaign_warnings(policy, file),
        strategy_warnings(policy, file),
        contact_warnings(policy, file),
        loan_warnings(policy, file),
    )
    for path, message in warnings:
        found.add(path, message)
    return found.found


def swapped_floors(policy: Policy, file: PolicyFile) -> list[Problem]:
    """Gives the tiers that nobody earns since the next one up asks no more: their floors are swapped, or the same.

    These are errors: nobody means that. Such a policy that was published once still works.
    """
    found = _problems(file)
    tiers = with_one_name(policy).tiers
    for rank, (tier, above) in enumerate(pairwise(tiers)):
        if tier.enter is None or above.enter is None or is_impossible(tier.enter, policy):
            continue
        if implies(tier.enter, above.enter):
            found.add(
                _floor_path(rank, file),
                say(
                    "the floors are out of order or the same: nobody earns {id}, since who meets it meets {id_2} as "
                    "well, which is higher; write the tiers from the lowest up, each with a higher floor",
                    id=tier.id,
                    id_2=above.id,
                ),
            )
    return found.found


def _problems(file: PolicyFile) -> Problems:
    ids = {"tiers": [tier.id for tier in file.tiers], "campaigns": [rule.id for rule in file.campaigns]}
    return Problems({table: [{"id": id_} for id_ in known] for table, known in ids.items()})


def with_one_name(policy: Policy) -> Policy:
    """Gives the policy with one measure in the place of all that are the same figure under several names.

    Conditions can then be compared by the measure's number. The value counts as a measure where it is that alone.
    """
    kinds = [structs.replace(measure, name="", window=None) for measure in policy.measures]
    same: dict[int | None, int] = {number: kinds.index(kind) for number, kind in enumerate(kinds)}
    (term, *more) = policy.terms
    is_plain = not more and term.weight_e4 == ONE_SHARE and term.at_most_e16 is None and not policy.credit_share_e4
    if is_plain:
        same[None] = same[term.measure]
    kept = dict(same)
    if policy.falls.when == "month_end":  # at the instant of such a rating the newest total is the month-end total
        totals = {kind.of: number for number, kind in enumerate(kinds) if kind.kind == "total"}
        ends = {number: totals.get(kind.of) for number, kind in enumerate(kinds) if kind.kind == "month_end"}
        kept |= {number: total for number, total in ends.items() if total is not None}
    tiers = [
        structs.replace(tier, enter=_renamed(tier.enter, same), keep=_renamed(tier.keep, kept)) for tier in policy.tiers
    ]
    return structs.replace(policy, tiers=tuple(tiers))


def _renamed(condition: Condition | None, same: Mapping[int | None, int]) -> Condition | None:
    if condition is None:
        return None
    if condition.all is None and condition.any is None:
        return structs.replace(condition, measure=same.get(condition.measure, condition.measure))
    parts = tuple(part for part in (_renamed(part, same) for part in condition.all or condition.any or ()) if part)
    return Condition(all=parts) if condition.all is not None else Condition(any=parts)


def _tiers(policy: Policy, file: PolicyFile) -> Warnings:
    """Gives tiers that nobody earns, or everybody."""
    if len(policy.tiers) == 1:
        yield ("tiers",), say("there is one tier; nobody ever goes up or down")
        if file.falling.protection_days:
            yield ("falling", "protection_days"), say("there is no upgrade to protect; there is one tier")
    for rank, tier in enumerate(policy.tiers):
        if tier.enter is None:
            continue
        path = _floor_path(rank, file)
        higher = next(
            (above for above in policy.tiers[rank + 1 :] if above.enter and implies(tier.enter, above.enter)), None
        )
        if is_impossible(tier.enter, policy):
            most = amount(format_value(most_of_value(policy) or 0))
            yield path, say("nobody can earn {id}: by its terms the value is never above {most}", id=tier.id, most=most)
        elif higher is not None and higher is not policy.tiers[rank + 1]:  # the next tier: an error (swapped_floors)
            yield (
                path,
                say(
                    "nobody earns {id}, since who meets it meets {id_2} as well, which is higher",
                    id=tier.id,
                    id_2=higher.id,
                ),
            )
        if is_sure(tier.enter, policy):
            yield path, say("everybody meets this, so nobody is below {id}", id=tier.id)


def _ladder(policy: Policy, file: PolicyFile) -> Warnings:
    """Gives tiers that can be had without the one below."""
    for rank in range(2, len(policy.tiers)):
        lower, higher = policy.tiers[rank - 1], policy.tiers[rank]
        if lower.enter is None or higher.enter is None or implies(lower.enter, higher.enter):
            continue
        if not implies(higher.enter, lower.enter):
            yield (
                _floor_path(rank, file),
                say(
                    "who meets this need not meet {id}, the tier below: the two overlap, and the higher one counts",
                    id=lower.id,
                ),
            )


def _keeps(policy: Policy, file: PolicyFile) -> Warnings:
    """Gives conditions to stay that ask no less than the one to enter, or less than the tier below asks to enter."""
    for rank, tier in enumerate(policy.tiers):
        if tier.keep is None or tier.enter is None:
            continue
        path: Path = ("tiers", rank, "keep")
        if file.tiers[rank].keep is not None and implies(tier.keep, tier.enter):
            yield (
                path,
                say(
                    "to keep {id} asks as much as to enter it, or more, so it never decides; write a lower floor",
                    id=tier.id,
                ),
            )
            continue
        below = policy.tiers[rank - 1]
        if below.enter is not None and implies(below.enter, tier.keep) and not implies(tier.keep, below.enter):
            yield (
                path,
                say(
                    "who keeps {id} may have less than {id_2}, the tier below, asks to enter: the two overlap",
                    id=tier.id,
                    id_2=below.id,
                ),
            )


def _parts(policy: Policy, file: PolicyFile) -> Warnings:
    """Gives parts of `all` and `any` that never decide."""
    for rank, (tier, rule) in enumerate(zip(policy.tiers, file.tiers, strict=True)):
        for word, condition, written in (("enter", tier.enter, rule.enter), ("keep", tier.keep, rule.keep)):
            if condition is not None and written is not None:
                yield from _idle_parts(("tiers", rank, word), condition, written)


def _idle_parts(path: Path, condition: Condition, rule: ConditionRule) -> Warnings:
    word = "all" if condition.all is not None else "any"
    parts, rules = condition.all or condition.any or (), rule.all or rule.any or []
    for number, (part, written) in enumerate(zip(parts, rules, strict=True)):
        others = [*parts[:number], *[other for other in parts[number + 1 :] if other != part]]
        idle = any(implies(other, part) if word == "all" else implies(part, other) for other in others)
        if idle:
            yield (*path, word, number), say("this part never decides: another one of the list covers it; take it out")
        yield from _idle_parts((*path, word, number), part, written)


def _caps(policy: Policy) -> Warnings:
    """Gives caps that cap nobody, put a tier out of reach, or are lower than the cap of a worse standing."""
    top = len(policy.tiers) - 1
    for standing, rank in policy.caps.items():
        if rank == top:
            yield ("caps", standing), say("{id} is the highest tier, so this caps nobody", id=policy.tiers[rank].id)
        elif standing == "good":
            yield ("caps", standing), say("customers of whom no standing is known count as good: this caps them, too")
    caps = [policy.caps.get(standing, top) for standing in STANDINGS]
    for tier in policy.tiers[max(caps) + 1 :]:
        yield ("caps",), say("nobody can be {id}: every standing is capped below it", id=tier.id)
    for number, standing in enumerate(STANDINGS[1:], 1):
        better = STANDINGS[number - 1]
        if caps[number] > caps[number - 1]:
            yield (
                ("caps", better),
                say(
                    "{better} is capped lower than {standing}, which is the worse standing",
                    better=better,
                    standing=standing,
                ),
            )


def _unused(policy: Policy, file: PolicyFile) -> Warnings:
    """Gives what no tier and no campaign looks at."""
    floors = [leaf for tier in policy.tiers for leaf in (*leaves(tier.enter), *leaves(tier.keep))]
    looks_at_value = any(leaf.measure is None for leaf in floors)
    terms = {term.measure for term in policy.terms} if looks_at_value else set()
    used = {
        policy.measures[number].name for number in {*terms, *(leaf.measure for leaf in floors)} if number is not None
    }
    used |= {campaign.measure for campaign in file.campaigns if campaign.measure is not None}
    for name in file.measures:
        if name not in used:
            close = (
                say(" (the value is made of it, but no tier has a floor on the value)") if _in_value(name, file) else ""
            )
            yield (
                ("measures", name),
                say(
                    "no tier or campaign looks at {name}{close}; use it, or take it out", name=quoted(name), close=close
                ),
            )
    if not looks_at_value and len(policy.tiers) > 1:
        if file.value.credit:
            yield ("value", "credit"), say("no tier has a floor on the value, so this decides nothing")
        elif _is_written(file):
            yield ("value",), say("no tier has a floor on the value, so this decides nothing")


def _names(policy: Policy, file: PolicyFile) -> Warnings:
    """Gives tiers without a name in a language in which others have one."""
    languages = sorted({language for tier in file.tiers for language in tier.name})
    for rank, tier in enumerate(file.tiers):
        missing = [language for language in languages if language not in tier.name]
        if missing:
            path: Path = ("tiers", rank, "name") if tier.name else ("tiers", rank)
            yield (
                path,
                say(
                    "{id} has no name in {missing}, and other tiers have one",
                    id=policy.tiers[rank].id,
                    missing=", ".join(missing),
                ),
            )


def implies(one: Condition, other: Condition) -> bool:
    """Says whether everybody who meets the one condition surely meets the other; False where that cannot be told."""
    if other.all is not None:
        return all(implies(one, part) for part in other.all)
    if one.any is not None:
        return all(implies(part, other) for part in one.any)
    if one.all is not None and any(implies(part, other) for part in one.all):
        return True
    if other.any is not None:
        return any(implies(one, part) for part in other.any)
    return one.all is None and one.measure == other.measure and one.at_least_e16 >= other.at_least_e16


def most_of_value(policy: Policy) -> int | None:
    """Gives the most that the value can be, in units of 10**-16; None where nothing limits it."""
    if any(share > 0 for share in policy.credit_share_e4.values()):
        return None
    most = 0
    for term in policy.terms:
        if term.at_most_e16 is not None:
            most += term.at_most_e16
        elif term.weight_e4 > 0 or not _is_never_negative(policy.measures[term.measure]):
            return None
    return most


def is_impossible(condition: Condition, policy: Policy) -> bool:
    """Says whether nobody can meet a condition, because the terms of the value are limited."""
    if condition.all is not None:
        return any(is_impossible(part, policy) for part in condition.all)
    if condition.any is not None:
        return all(is_impossible(part, policy) for part in condition.any)
    most = most_of_value(policy) if condition.measure is None else None
    return most is not None and condition.at_least_e16 > most


def is_sure(condition: Condition, policy: Policy) -> bool:
    """Says whether everybody meets a condition: its floor is 0, and the figure never below 0."""
    if condition.all is not None:
        return all(is_sure(part, policy) for part in condition.all)
    if condition.any is not None:
        return any(is_sure(part, policy) for part in condition.any)
    if condition.at_least_e16 > 0:
        return False
    if condition.measure is not None:
        return _is_never_negative(policy.measures[condition.measure])
    parts = [term.weight_e4 > 0 and _is_never_negative(policy.measures[term.measure]) for term in policy.terms]
    return all(parts) and not any(share < 0 for share in policy.credit_share_e4.values())


def _is_never_negative(measure: Measure) -> bool:
    return bool(measure.types) or measure.of == "loans" or measure.kind == "standing"


def _floor_path(rank: int, file: PolicyFile) -> Path:
    return ("tiers", rank, "at_least" if file.tiers[rank].at_least is not None else "enter")


def _in_value(name: str, file: PolicyFile) -> bool:
    return any(term.measure == name for term in file.value.terms)


def _is_written(file: PolicyFile) -> bool:
    """Says whether the file itself says what the value is; where it does not, the value is the assets."""
    (term, *more) = file.value.terms
    return bool(more) or term.measure != "assets" or term.weight != "1" or term.at_most is not None
