"""The explanation of a tier as text for people: tier, measures, conditions, next tier, what keeps it, the outlook."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from streams.cli.output import in_groups, table_console, visible
from streams.explain.message import (
    ChangeToCome,
    ConditionNow,
    DepositKeeps,
    Explanation,
    KeepsNow,
    LastChange,
    NextTierNow,
    Window,
)

_RIGHT = {"is", "at least", "missing", "then", "is then", "missing then"}


def show(answer: Explanation) -> None:
    """Prints the explanation on standard output, section by section."""
    console = table_console()

    def section(title: str, lines: Iterator[str]) -> None:
        console.print(Text(f"\n{title}", "bold"))
        for line in lines:
            console.print(Text(f"  {visible(line)}"), soft_wrap=True)

    console.print(
        Text.assemble((visible(answer.customer_id), "bold"), f"  {answer.tier}", f"  as of {_time(answer.at)}")
    )
    section("tier", _tier(answer))
    section("measures", _ratings(answer))
    console.print(_measures(answer))
    section("conditions", iter(()))
    console.print(_conditions(answer))
    section("next tier", _next_tier(answer))
    section(f"what keeps {answer.tier}", _keeps(answer))
    section("if nothing changes", _outlook(answer))


def _tier(answer: Explanation) -> Iterator[str]:
    earned = (
        "which the measures give" if answer.earned_tier == answer.tier else f"the measures give {answer.earned_tier}"
    )
    yield f"served: {answer.tier}; {earned}"
    if answer.change is not None:
        yield _since(answer.change, answer.currency)
    yield f"policy: {answer.policy.name} version {answer.policy.version}, {answer.policy.digest}"
    yield from _rates(answer)
    yield from _without_rate(answer)
    if answer.policy_in_force is not None:
        name = answer.policy_in_force
        yield f"in force by now: {name.name} version {name.version}, {name.digest}; by it the customer is rated anew"


def _without_rate(answer: Explanation) -> Iterator[str]:
    for held in answer.without_rate:
        parts = {"assets": held.assets, "loans": held.loans}
        told = " and ".join(
            f"{in_groups(amount)} {held.currency} of {what}" for what, amount in parts.items() if amount != "0.00"
        )
        yield f"counted as nothing, since the policy has no rate for {held.currency}: {told}"


def _rates(answer: Explanation) -> Iterator[str]:
    for rate in answer.rates or ():
        yield f"rate of {rate.day}: {rate.rate} {answer.currency} for 1 {rate.currency}"


def _since(change: LastChange, currency: str) -> str:
    move = "the first tier" if change.previous_tier is None else f"{change.direction} from {change.previous_tier}"
    value = "" if change.value is None else f", value {in_groups(change.value)} {currency}"
    cause = "by time alone" if change.cause is None else f"by event {change.cause}"
    waits = "" if change.written else "; due since, no worker has written it yet"
    return f"since {_time(change.decided_at)}: {move}, {change.reason}{value}, {cause} ({change.id}){waits}"


# --- measures and conditions ---


def _ratings(answer: Explanation) -> Iterator[str]:
    if answer.last_rating_at is not None:
        yield f"as of the last rating, {_time(answer.last_rating_at)}"
    if answer.next_rating_at is not None:
        yield f"then: at the next rating, {_time(answer.next_rating_at)}, if nothing changes"


def _table(names: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 1), pad_edge=True)
    for name in names:
        table.add_column(name, justify="right" if name in _RIGHT else "left", overflow="fold")
    return table


def _measures(answer: Explanation) -> Table:
    rated = answer.next_rating_at is not None
    table = _table(["measure", "is", "window", *(["then", "window then"] if rated else [])])
    for found in answer.measures:
        cells = [found.measure, in_groups(found.is_), _window(found.measure, found.window)]
        if rated:
            cells += [in_groups(found.at_next_rating or ""), _window(found.measure, found.window_at_next_rating)]
        table.add_row(*map(Text, cells))
    return table


def _conditions(answer: Explanation) -> Table:
    rated = answer.next_rating_at is not None
    then = ["is then", "met then", "missing then"] if rated else []
    table = _table(["tier", "to", "measure", "at least", "is", "met", "missing", *then])
    for found in answer.conditions:
        cells = [found.tier, found.rule, found.measure, in_groups(found.at_least)]
        cells += _look(found.is_, found.missing, met=found.met)
        if rated:
            is_then, missing_then = found.at_next_rating or "", found.missing_at_next_rating or ""
            cells += _look(is_then, missing_then, met=bool(found.met_at_next_rating))
        table.add_row(*map(Text, cells))
    return table


def _look(figure: str, missing: str, *, met: bool) -> list[str]:
    return [in_groups(figure), "yes" if met else "no", "" if met else in_groups(missing)]


def _window(measure: str, window: Window | None) -> str:
    if window is None:
        return "" if measure == "value" else "newest"
    return f"end of {window.to}" if window.from_ is None else f"{window.from_} to {window.to}"


# --- the next tier, this tier, the time to come ---


def _next_tier(answer: Explanation) -> Iterator[str]:
    above = answer.next_tier
    if above is None:
        yield f"none: {answer.tier} is the highest"
        return
    lacks = [_lack(found) for found in above.missing]
    joint = " or " if above.needs == "any" else " and "
    yield f"{above.tier}: {joint.join(lacks) if lacks else 'no figure is missing'}"
    if above.by_itself_at is not None:
        yield f"comes by itself at {_time(above.by_itself_at)}"
    yield from _ways(above, answer.currency)


def _ways(above: NextTierNow, currency: str) -> Iterator[str]:
    for way in above.deposits:
        amount = f"{in_groups(way.amount)} {currency}"
        yield (
            f"with {amount} more from now on, held until {_time(way.held_until)} at the least: "
            f"{above.tier} at {_time(way.at)}"
        )
    if not above.deposits and above.by_itself_at is None:
        yield "no deposit alone gives it"


def _lack(found: ConditionNow) -> str:
    if found.measure == "standing":
        return f"a standing of {found.missing} or better"
    return f"{in_groups(found.missing_at_next_rating or found.missing)} missing in {found.measure}"


def _keeps(answer: Explanation) -> Iterator[str]:
    keeps = answer.keeps
    if keeps.is_lowest and keeps.pin is None:
        yield "it is the lowest, and cannot be lost"
        return
    pin = keeps.pin
    if pin is not None:
        waits = "" if pin.tier == answer.tier else f"; it waits, since this policy has no tier {pin.tier}"
        yield f"a pin to {pin.tier} until {_time(pin.until)}, by {pin.by}: {pin.reason}{waits}"
    if pin is None or pin.tier != answer.tier:
        yield _given_by(answer)
    if keeps.capped_at is not None:
        but = " but by a pin" if keeps.pin is not None else ""
        yield f"the credit standing {keeps.standing} lets no tier above {keeps.capped_at} be served{but}"
    yield from _timers(keeps)
    yield from _by_ratings(keeps)


def _given_by(answer: Explanation) -> str:
    if answer.keeps.floor_to_keep:
        return "its floor to keep, which is met; that to enter is not"
    return "the measures give it" if answer.keeps.earned else f"not the measures: they give {answer.earned_tier}"


def _timers(keeps: KeepsNow) -> Iterator[str]:
    if keeps.protected_until is not None:
        yield f"protected by the last upgrade until {_time(keeps.protected_until)}"
    if keeps.below_since is not None and keeps.grace_until is not None:
        yield f"below its floor since {_time(keeps.below_since)}; the grace ends at {_time(keeps.grace_until)}"
    if keeps.term_until is not None and keeps.term_grace_until is not None:
        yield (
            f"sure until {_time(keeps.term_until)}, then grace until {_time(keeps.term_grace_until)}: "
            "a rating at the end of the one or in the other that meets its floor renews it"
        )


def _by_ratings(keeps: KeepsNow) -> Iterator[str]:
    if keeps.ratings_needed and keeps.pin is None:
        yield f"ratings in a row below its floor so far: {keeps.ratings_below}; lost at {keeps.ratings_needed}"
    if keeps.last_ratings:
        yield f"the last ratings gave {' and '.join(keeps.last_ratings)}; it falls to the higher of the last two"
    if keeps.effective_at is not None:
        yield f"what the last rating gave is served from {_time(keeps.effective_at)}"
    if keeps.next_fall_rated_at is not None:
        yield f"rated next, for a fall, at {_time(keeps.next_fall_rated_at)}"


def _outlook(answer: Explanation) -> Iterator[str]:
    ahead = answer.outlook
    for change in ahead.changes:
        yield _to_come(change)
    if ahead.falls is None and answer.keeps.is_lowest:
        if not ahead.changes:
            yield f"{answer.tier} is served, as far as was looked, until {_time(ahead.until)}"
        return
    if ahead.falls is None:
        yield f"{answer.tier} is not lost until {_time(ahead.until)}, as far as was looked"
        return
    deposit = ahead.deposit
    if deposit is None:
        yield f"no deposit keeps {answer.tier} beyond {_time(ahead.falls.at)}"
        return
    amount = f"{in_groups(deposit.amount)} {answer.currency}"
    yield (
        f"{answer.tier} is not lost at {_time(ahead.falls.at)} with {amount} more from now on, "
        f"held until {_time(deposit.held_until)} at the least"
    )
    yield from _after_deposit(deposit, answer.currency, _time(ahead.until))


def _after_deposit(deposit: DepositKeeps, currency: str, until: str) -> Iterator[str]:
    if deposit.falls_if_withdrawn_at is not None:
        yield f"  withdrawn then, it is lost at {_time(deposit.falls_if_withdrawn_at)}"
    if deposit.falls_if_held_at is None:
        yield f"  held on, it is not lost until {until}"
        return
    yield f"  held on, it is lost at {_time(deposit.falls_if_held_at)}"
    if deposit.lasting_amount is not None:
        yield f"  with {in_groups(deposit.lasting_amount)} {currency} held on, it is not lost until {until}"


def _to_come(change: ChangeToCome) -> str:
    earned = "" if change.earned_tier == change.tier else f", earned {change.earned_tier}"
    return f"{_time(change.at)}  {change.previous_tier} -> {change.tier}  {change.reason}{earned}"


def _time(written: str) -> str:
    return written.replace("T", " ")
