"""A comparison in sentences, for the table and the picture: who moves, when, what differs, what is paid."""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from streams.languages.known import FORMS, LANGUAGES
from streams.languages.said import Said, commas, joined, say, told
from streams.languages.writing import Writing
from streams.policy.check.comparison import changes_between
from streams.policy.services import Service
from streams.simulate.matrix import Matrix, Move, Side
from streams.simulate.spent import campaigns_moved


class Speech(NamedTuple):
    """A language to tell in. tell: a sentence in it. names: whether it was asked for: then tiers go by their names."""

    writing: Writing
    tell: Callable[[str], str]
    names: bool


def speech_in(language: str | None) -> Speech:
    """Gives a language; None: nobody asked for one, and it is English, with tiers by their ids."""
    forms = FORMS[language or "en"]
    return Speech(Writing(LANGUAGES[language or "en"]), lambda text: told(text, forms), language is not None)


def percent(part: int, whole: int) -> str:
    """Writes a share as a percentage with one decimal; a share between 0 and 1 never reads 0.0% or 100.0%."""
    if not whole:
        return "-"
    tenths = round(part * 1000 / whole)
    if part and not tenths:
        return "<0.1%"
    if part < whole and tenths == 1000:  # noqa: PLR2004 - all of it
        return ">99.9%"
    return f"{tenths / 10:.1f}%"


def title_sentence(matrix: Matrix) -> Said:
    """Names the two policies."""
    return say("Who moves where: {before} to {after}", before=matrix.before.label, after=matrix.after.label)


def moves_sentence(matrix: Matrix) -> Said:
    """Writes one sentence: how many customers there are, and how many move up, move down or stay."""
    moves, customers = matrix.moves(), matrix.customers

    def part(move: Move | None) -> dict[str, str]:
        return {"number": f"{moves[move]:,}", "share": percent(moves[move], customers)}

    parts = [
        say("{number} up ({share})", **part("up")),
        say("{number} down ({share})", **part("down")),
        say("{number} stay ({share})", **part("same")),
    ]
    if moves[None]:
        parts.append(say("{number} not comparable ({share})", **part(None)))
    return say("{customers} customers: {moves}", customers=f"{customers:,}", moves=joined(parts, commas))


def left_out_sentence(matrix: Matrix) -> str:
    """Writes how many customers are left out of the matrix; an empty text where none are."""
    sides = ((matrix.only_before, matrix.before), (matrix.only_after, matrix.after))
    parts = [
        say("{number} with a tier under {policy} alone", number=f"{count:,}", policy=side.label)
        for count, side in sides
        if count
    ]
    return say("left out: {customers}", customers=joined(parts, commas)) if parts else ""


def span_sentence(matrix: Matrix, writing: Writing) -> str:
    """Writes the days of the first and the last event; an empty text where there was none."""
    if matrix.first_ms is None or matrix.last_ms is None:
        return ""
    at = matrix.before.policy.calendar.rfc3339
    first, last = writing.date(at(matrix.first_ms)), writing.date(at(matrix.last_ms))
    return say("events from {first} to {last}", first=first, last=last)


def differences(matrix: Matrix, speech: Speech) -> list[str]:
    """Tells what differs between the policies, the gravest first."""
    names = {**matrix.before.names, **matrix.after.names}

    def named(tier: str) -> str:
        return speech.writing.name(names.get(tier, {}), tier) if speech.names else tier

    found = list(changes_between(matrix.before.policy, matrix.after.policy, named))
    before, after = matrix.before.rules, matrix.after.rules
    found += [say("no longer: {sentence}", sentence=sentence) for sentence in before if sentence not in after]
    found += [say("now: {sentence}", sentence=sentence) for sentence in after if sentence not in before]
    return found or [say("nothing that customers would notice")]


def money_sentences(matrix: Matrix, speech: Speech) -> Iterator[str]:
    """Tells what campaigns pay under each policy, those that differ by themselves, and whom services reach."""
    sides = matrix.before, matrix.after
    if matrix.spent[0].triggers or matrix.spent[1].triggers:
        yield _all_paid(matrix, speech)
    for moved in campaigns_moved(*matrix.spent):
        before, after = (
            _of_campaign(side, count, paid, speech)
            for side, count, paid in zip(sides, moved.triggers, moved.paid, strict=True)
        )
        name = _campaign_name(sides, moved.campaign, speech)
        yield say("triggers of {campaign}: {before}; then {after}", campaign=name, before=before, after=after)
    yield from _services(matrix, speech)


def _all_paid(matrix: Matrix, speech: Speech) -> Said:
    paid = [spent.all_paid for spent in matrix.spent]
    before, after = (
        _money(side, amount, speech) for side, amount in zip((matrix.before, matrix.after), paid, strict=True)
    )
    if matrix.before.policy.currency != matrix.after.policy.currency or paid[0] == paid[1]:
        return say("campaigns pay {before}; then {after}", before=before, after=after)
    moved = _money(matrix.after, abs(paid[1] - paid[0]), speech)
    if paid[1] > paid[0]:
        return say("campaigns pay {before}; then {after}: {moved} more", before=before, after=after, moved=moved)
    return say("campaigns pay {before}; then {after}: {moved} less", before=before, after=after, moved=moved)


def _of_campaign(side: Side, count: int, paid: Decimal, speech: Speech) -> str:
    times = f"{count:,}"
    if not paid:
        return times
    return say("{number} ({amount})", number=times, amount=_money(side, paid, speech))


def _money(side: Side, amount: Decimal, speech: Speech) -> str:
    return speech.writing.money(str(amount), side.policy.currency, ROUND_DOWN)


def _campaign_name(sides: tuple[Side, Side], campaign: str, speech: Speech) -> str:
    names = {**sides[0].campaigns, **sides[1].campaigns}.get(campaign, {})
    return speech.writing.name(names, campaign) if speech.names else campaign


def _services(matrix: Matrix, speech: Speech) -> Iterator[Said]:
    """Tells the entitlements that more or fewer customers have."""
    services = {service.id: service for side in (matrix.before, matrix.after) for service in _on(side, matrix.last_ms)}
    before, after = _held(matrix.before, matrix.rows, matrix), _held(matrix.after, matrix.columns, matrix)
    for id_, service in services.items():
        if before[id_] == after[id_]:
            continue
        name = speech.writing.name(service.name, id_) if speech.names else id_
        yield say(
            "customers with {service}: {before}; then {after}",
            service=name,
            before=f"{before[id_]:,}",
            after=f"{after[id_]:,}",
        )


def _held(side: Side, customers: Counter[str], matrix: Matrix) -> Counter[str]:
    """Counts the customers that have a service, by its id. customers: by tier."""
    held = Counter[str]()
    for tier in side.policy.tiers:
        for service in tier.strategy.services:
            if _is_valid(service, side, matrix.last_ms):
                held[service.id] += customers[tier.id]
    return held


def _on(side: Side, at_ms: int | None) -> list[Service]:
    services = [service for tier in side.policy.tiers for service in tier.strategy.services]
    return [service for service in services if _is_valid(service, side, at_ms)]


def _is_valid(service: Service, side: Side, at_ms: int | None) -> bool:
    if at_ms is None:
        return True
    day = side.policy.calendar.day_of(at_ms)
    return (service.first_day or day) <= day <= (day if service.last_day is None else service.last_day)
