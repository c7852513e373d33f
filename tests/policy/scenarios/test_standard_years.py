# ruff: noqa: DTZ901 - local times on purpose
"""standard's campaigns and risk rules over years of random events, against them once more, as naively as can be.

The naive model is written from the rules' text and shares no code with the engine: it looks at all there is, every day
and whenever something may come due.
"""

import copy
import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

import pytest

from tests.policy.scenarios.test_standard import FLOORS, VOLUME, Standard
from tests.support.naive_policies import DAY, LOAN, Heard, history, months_before
from tests.support.scenarios import Told, local_text, told_of

STANDINGS = ("excellent", "good", "fair", "poor", "default")
LIMITS = (300_000, 3_000_000, 10_000_000)
REMINDERS = {"near-mid", "dormant", "stay"}


class Watched(NamedTuple):
    """A loan that is monitored, and the alerts that it has had."""

    id: str
    until: datetime
    assets: Fraction
    standings: list[str]  # at the decision and since
    alerts: list[Fraction | str]


def owed(spent: Fraction) -> Fraction:
    return min(spent / 100, Fraction(300)) if spent >= 3000 else Fraction(0)


class StandardInUse(Standard):
    """The tiers, and what campaigns and risk control make of them."""

    def __init__(self) -> None:
        super().__init__()
        self.first: datetime | None = None
        self.heard: datetime | None = None  # when the first event was heard
        self.last_transaction: datetime | None = None
        self.opted_out = False
        self.is_ahead = False  # a look into the future tells nothing
        self.triggers: list[tuple[str, str, str | None, str | None, str | None]] = []
        self.numbers: dict[str, int] = {}
        self.reminded: list[datetime] = []
        self.has_had_gift = False
        self.near_at: list[tuple[datetime, bool]] = []
        self.near_occasions: list[datetime] = []
        self.near_said: datetime | None = None
        self.is_dormancy_told = False
        self.is_month_looked_at = False
        self.changed_at = datetime.min
        self.settled: dict[date, Fraction] = {}  # by month: what it had when it was settled last
        self.late: set[date] = set()  # months that changed since
        self.carried = Fraction(0)
        self.falls_told: set[datetime] = set()
        self.watched: list[Watched] = []
        self.risks: list[tuple[str, str, str]] = []

    # the walk

    def deadlines(self) -> list[datetime]:
        days = [at + count * DAY for at in self.near_occasions[-1:] + self.near_since() for count in (3, 90)]
        if self.near_said:
            days.append(self.near_said + 90 * DAY)
        falls = super().deadlines()
        return falls + [fall - 7 * DAY for fall in falls] + days + [self.dormant_from()]

    def due(self) -> None:
        tier = self.tier
        super().due()
        self.look(tier, None)

    def hear(self, event: Heard) -> None:
        tier = self.tier
        if event.kind in {"opt_out", "opt_in"}:
            self.opted_out = event.kind == "opt_out"
            return
        if event.kind not in {"pin", "unpin"} and self.first is None:
            self.first, self.heard = event.at, self.now
        if event.kind == "application":
            self.decide(event)
            return
        if event.kind not in {"balance", "credit", "pin", "unpin"} and event.reverses is None:
            self.last_transaction = max(self.last_transaction or event.at, event.at)
        super().hear(event)
        self.look(tier, event)
        self.watch(event)

    # figures

    def value(self) -> Fraction:
        today, assets = self.now.date(), self.book.newest()
        activity = min(self.book.volume(today - 89 * DAY, today + DAY, VOLUME) / 100, Fraction(50_000))
        return assets + activity - (max(assets, Fraction(0)) / 10 if self.book.standing == "poor" else 0)

    def dormant_from(self) -> datetime:
        since = self.last_transaction or self.first
        return datetime.max if since is None else since + 60 * DAY

    def near_since(self) -> list[datetime]:
        """Since when it has been near without a break, if it is."""
        since: list[datetime] = []
        for at, is_near in reversed(self.near_at):
            if not is_near:
                break
            since = [at]
        return since

    # campaigns

    def look(self, before: int | None, event: Heard | None) -> None:
        if self.is_ahead or self.tier is None:
            return
        if event is not None:
            self.look_at_gift(event)
        has_come = before is not None and self.tier != before
        is_bought = event is not None and event.kind == "purchase"
        if self.tier == 0 and (before is None or has_come or is_bought):
            self.is_month_looked_at = True
        if is_bought and event is not None:
            self.note_late(before, event.belongs_at.date().replace(day=1))
        if before is None or has_come:
            self.changed_at = self.now
        if event is None and self.now.time() == time() and self.now.day == 1:
            self.look_at_month()
        self.look_at_near()
        self.look_at_dormancy()
        has_settled = self.heard is None or self.now - self.heard > timedelta(minutes=1)
        if before is not None and self.tier > before and has_settled:
            self.trigger(f"welcome-{self.tiers[self.tier]}")
        self.look_at_fall()

    def look_at_gift(self, event: Heard) -> None:
        counts = event.kind == "deposit" and event.reverses is None
        if event.kind == "balance" and event.word != LOAN:
            counts = self.book.accounts[event.account][-1][0] == event.at
        if counts and event.amount >= 1000 and not self.has_had_gift:
            self.has_had_gift = True
            if self.first is not None and event.at <= self.first + 30 * DAY:
                self.trigger("account-opening-gift")

    def note_late(self, before: int | None, month: date) -> None:
        today, after = self.now.date(), months_before(month, -1)
        if after > today or month < months_before(today, 3):
            return
        if month not in self.settled:
            if self.tier != 0 or (before is not None and self.changed_at.date() >= after):
                return
            self.settled[month] = Fraction(0)
        self.late.add(month)

    def look_at_month(self) -> None:
        month = months_before(self.now.date(), 1)
        if self.tier == 0 and self.is_month_looked_at:
            self.settled[month] = Fraction(0)
            total = self.carried
            for settled in {month, *self.late}:
                spent = self.book.volume(settled, months_before(settled, -1), ["purchase"])
                total += owed(spent) - owed(self.settled[settled])
                self.settled[settled] = spent
            self.late, self.carried = set(), min(total, Fraction(0))
            if total >= Fraction(1, 100):
                self.trigger("cash-back", occasion=f"{month:%Y-%m}", amount=Fraction(floor(total * 100), 100))
        self.is_month_looked_at = False

    def look_at_near(self) -> None:
        value = self.value()
        self.near_at.append((self.now, self.tier == 0 and 450_000 <= value < 500_000))
        since = self.near_since()
        if not since or self.now < since[0] + 3 * DAY:
            return
        asked = [at for at in self.near_occasions if at >= since[0]] + ([self.near_said] if self.near_said else [])
        if any(self.now < at + 90 * DAY for at in asked):
            return
        self.near_occasions.append(self.now)
        if self.trigger("near-mid", missing=500_000 - value):
            self.near_said = self.now

    def look_at_dormancy(self) -> None:
        if self.now < self.dormant_from():
            self.is_dormancy_told = False
        elif self.tier == 0 and not self.is_dormancy_told:
            self.is_dormancy_told = True
            self.trigger("dormant")

    def look_at_fall(self) -> None:
        falls = Standard.deadlines(self)
        if not falls or self.pin is not None or self.now < falls[0] - 7 * DAY or falls[0] in self.falls_told:
            return
        self.falls_told.add(falls[0])
        ahead = copy.deepcopy(self)
        ahead.is_ahead = True
        ahead.pass_time(falls[0])
        if (ahead.tier or 0) < (self.tier or 0):
            self.trigger("stay", missing=FLOORS[(self.tier or 0) - 1] - self.value(), due=falls[0])

    def trigger(
        self,
        campaign: str,
        *,
        occasion: str = "",
        amount: Fraction | None = None,
        missing: Fraction | None = None,
        due: datetime | None = None,
    ) -> bool:
        if self.opted_out:
            return False
        if campaign in REMINDERS:
            if sum(self.now < at + 30 * DAY for at in self.reminded) >= 2:
                return False
            self.reminded.append(self.now)
        self.numbers[campaign] = self.numbers.get(campaign, 0) + 1
        id_ = f"C:{campaign}:{occasion or self.numbers[campaign]}"
        due_text = None if due is None else f"{local_text(due)}+08:00"
        self.triggers.append((local_text(self.now), id_, money(amount), money(missing), due_text))
        return True

    # risk

    def decide(self, event: Heard) -> None:
        assets, standing = self.book.newest(), self.book.standing
        is_large = event.amount >= LIMITS[self.tier or 0]
        came_in = max(assets - self.book.closing(self.now.date() - 30 * DAY), Fraction(0))
        outcome = "standard"
        if is_large or standing == "poor" or (assets > 0 and came_in * 2 > assets):
            outcome = "enhanced"
        if standing == "default" or (is_large and event.amount > 5 * max(assets, Fraction(0))):
            outcome = "refer"
        self.risks.append((local_text(self.now), f"C:{event.word}:decision", outcome))
        if outcome != "standard":
            self.watched.append(Watched(event.word, self.now + 180 * DAY, assets, [standing], []))

    def watch(self, event: Heard) -> None:
        for loan in self.watched:
            if self.now >= loan.until:
                continue
            if event.kind == "balance":
                shares = [Fraction(share, 100) for share in (70, 40, 10)]
                fell = [share for share in shares if loan.assets > 0 and self.book.newest() <= loan.assets * share]
                for share in fell:
                    if share not in loan.alerts:
                        self.alert(loan, share, "assets_fell")
            if event.kind == "credit":
                worst = max(map(STANDINGS.index, loan.standings))
                if STANDINGS.index(self.book.standing) > worst:
                    self.alert(loan, self.book.standing, "standing_worse")
                loan.standings.append(self.book.standing)

    def alert(self, loan: Watched, of: Fraction | str, reason: str) -> None:
        loan.alerts.append(of)
        self.risks.append((local_text(self.now), f"C:{loan.id}:alert:{len(loan.alerts)}", reason))


def money(amount: Fraction | None) -> str | None:
    """With as many decimals as it needs, from 2 to 4; here there are never more."""
    if amount is None:
        return None
    digits = f"{floor(amount * 10_000):05}"
    assert Fraction(int(digits), 10_000) == amount
    return f"{digits[:-4]}.{digits[-4:-2]}{digits[-2:].rstrip('0')}"


def with_actions(seed: int, heard: Sequence[Heard]) -> list[Heard]:
    """Loan applications in between, and times of opt-out."""
    dice = random.Random(seed)  # noqa: S311 - the same dice every time
    found, out = list(heard[:1]), False
    now = heard[0].at
    for number, event in enumerate(heard[1:]):
        now = max(now, event.at)
        found.append(event)
        if dice.random() < 0.3:
            of = Fraction(dice.choice(LIMITS)) * dice.choice([1, 1, Fraction(3, 4), 8])
            amount = of - dice.choice([0, 0, Fraction(1, 100)])
            found.append(Heard(now, "application", amount, word=f"L{number}"))
        if dice.random() < (0.3 if out else 0.05):
            out = not out
            found.append(Heard(now, "opt_out" if out else "opt_in"))
    return found


def agree(heard: Sequence[Heard]) -> Told:
    until = max(event.at for event in heard) + timedelta(days=500)
    told, model = told_of("standard", heard, until), StandardInUse()
    changes = [(local_text(at), tier) for at, tier in model.run(heard, until)]
    same([(change["decided_at"][:-6], change["tier"]) for change in told.changes], changes)
    words = ("id", "amount", "missing", "due")
    same([(t["triggered_at"][:-6], *(t[word] for word in words)) for t in told.triggers], model.triggers)
    same([(r["decided_at"][:-6], r["id"], r.get("outcome") or r["reason"]) for r in told.risks], model.risks)
    return told


def same(found: Sequence[Any], expected: Sequence[Any]) -> None:
    differ = next((n for n, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1]), None)
    assert list(found) == list(expected), (
        f"first at {differ}: {found[differ or 0 :][:3]}, expected {expected[differ or 0 :][:3]}"
    )


BALANCES = ["balance", "balance", "balance", "credit"]
EVERYTHING = [*BALANCES, "purchase", "purchase", "transfer_in", "reversal", "loan", "deposit"]


@pytest.mark.parametrize("seed", range(16))
def test_years_of_random_events_are_used_as_by_the_naive_model(seed: int) -> None:
    kinds = EVERYTHING if seed % 3 else [*BALANCES * 4, "purchase", "reversal"]  # with long silences
    floors = FLOORS if seed % 4 else (300_000, 330_000)  # with totals below the floor
    pins = Standard.tiers if seed % 2 else ()
    told = agree(with_actions(seed, history(seed, floors, 4, kinds, late=seed % 4 > 1, pins=pins)))
    assert len(told.triggers) > 4
    assert len(told.risks) > 20
