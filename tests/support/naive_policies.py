# ruff: noqa: DTZ001, DTZ901 - local times on purpose
"""The ten rule sets once more, as naively as can be: for comparing with the engine, with which this shares no code.

Times are local and without a zone, days are dates, every total is looked up anew, day by day, from all that was heard.
"""

import random
from bisect import bisect_right, insort_right
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import NamedTuple

DAY = timedelta(days=1)
LOAN = "loan"


class Heard(NamedTuple):
    """An event: when it happened; what kind: balance, credit, pin, unpin, or the type of a transaction."""

    at: datetime
    kind: str
    amount: Fraction = Fraction(0)
    account: str = ""
    word: str = ""  # the product, the standing or the pinned tier
    until: datetime | None = None
    reverses: datetime | None = None

    @property
    def belongs_at(self) -> datetime:
        return self.at if self.reverses is None else self.reverses


class Book:
    """All that was heard of a customer."""

    def __init__(self) -> None:
        self.accounts: dict[str, list[tuple[datetime, Fraction, str]]] = {}
        self.transactions: list[tuple[date, str, Fraction]] = []
        self.standings: list[tuple[datetime, str]] = []
        self.first: date | None = None
        self.closings: dict[tuple[date, bool], Fraction] = {}  # looked up since the last balance

    def write(self, heard: Heard) -> None:
        if heard.kind == "balance":
            known = self.accounts.setdefault(heard.account, [])
            insort_right(known, (heard.at, heard.amount, heard.word), key=lambda entry: entry[0])
            self.closings = {}
            self.first = min(self.first or heard.at.date(), heard.at.date())
        elif heard.kind == "credit":
            if not self.standings or self.standings[-1][0] <= heard.at:
                self.standings.append((heard.at, heard.word))
        elif heard.kind not in {"pin", "unpin"}:
            sign = -1 if heard.reverses else 1
            self.transactions.append((heard.belongs_at.date(), heard.kind, sign * heard.amount))

    @property
    def standing(self) -> str:
        return self.standings[-1][1] if self.standings else "good"

    def closing(self, day: date, *, loans: bool = False) -> Fraction:
        """The total at the end of a day."""
        if (day, loans) not in self.closings:
            self.closings[day, loans] = self._closing(day, loans=loans)
        return self.closings[day, loans]

    def _closing(self, day: date, *, loans: bool) -> Fraction:
        total = Fraction(0)
        for known in self.accounts.values():
            number = bisect_right(known, datetime.combine(day, time.max), key=lambda entry: entry[0])
            if number:
                _, amount, product = known[number - 1]
                if (product == LOAN) == loans:
                    total += abs(amount) if loans else amount
        return total

    def newest(self) -> Fraction:
        return self.closing(date.max)

    def average(self, first: date, after: date, *, loans: bool = False) -> Fraction:
        """Over the days from `first` until before `after`."""
        days = [first + DAY * number for number in range((after - first).days)]
        closings = [self.closing(day, loans=loans) for day in days if self.first and day >= self.first]
        return sum(closings, Fraction(0)) / len(closings) if closings else Fraction(0)

    def volume(self, first: date, after: date, types: Sequence[str]) -> Fraction:
        amounts = [amount for day, kind, amount in self.transactions if first <= day < after and kind in types]
        return sum(amounts, Fraction(0))


def months_before(first: date, months: int) -> date:
    month = first.year * 12 + first.month - 1 - months
    return date(month // 12, month % 12 + 1, 1)


def months_after(at: datetime, months: int) -> datetime:
    first = months_before(at.date(), -months)
    days = (months_before(first, -1) - first).days
    return datetime.combine(first.replace(day=min(at.day, days)), at.time())


class Model:
    """The walk through time: what is due before an event, then the event. Rules are in the subclasses."""

    tiers: Sequence[str] = ()
    rating_months: Sequence[int] = range(1, 13)  # the months at whose beginning customers are rated

    def __init__(self) -> None:
        self.book = Book()
        self.now = datetime.min
        self.tier: int | None = None
        self.began = datetime.min  # the time of the customer's earliest event
        self.last_rating: date | None = None
        self.pin: Heard | None = None
        self.said = datetime.min  # the newest pin or unpin
        self.told: list[tuple[datetime, str]] = []

    # what a rule set says

    def first_tier(self) -> int:
        return 0

    def rate(self, rating: date) -> int:
        """The tier to serve after a rating, or after the correction of one."""
        raise NotImplementedError

    def earned(self) -> int:
        """What a pin's end serves."""
        raise NotImplementedError

    def happened(self) -> int:
        """The tier to serve after an event, or at a midnight or deadline."""
        return self.tier or 0

    def deadlines(self) -> list[datetime]:
        return []

    def pin_ended(self) -> None:
        """A pin has ended."""

    def begins(self, tier: int, *, by_pin: bool) -> None:
        """Another tier is served from now on."""

    # the walk

    def run(self, heard: Sequence[Heard], until: datetime) -> list[tuple[datetime, str]]:
        for event in heard:
            self.pass_time(max(self.now, event.at))
            self.hear(event)
        self.pass_time(until)
        return self.told

    def pass_time(self, until: datetime) -> None:
        if self.tier is None:
            self.now = until
        while self.now < until:
            midnight = datetime.combine(self.now.date() + DAY, time())
            ends = [self.pin.until] if self.pin and self.pin.until else []
            instants = [midnight, *(end for end in [*self.deadlines(), *ends] if end > self.now)]
            if min(instants) > until:
                self.now = until
                break
            self.now = min(instants)
            self.due()

    def due(self) -> None:
        ended = self.pin is not None and self.pin.until is not None and self.pin.until <= self.now
        if ended:
            self.pin = None
        today = self.now.date()
        rated = self.now.time() == time() and today.day == 1 and today.month in self.rating_months
        if rated:
            self.last_rating = today
        if ended:
            self.end_pin()
        elif self.pin is None:
            self.serve(self.rate(today) if rated else self.happened())

    def hear(self, event: Heard) -> None:
        pinned = self.pin is not None
        self.book.write(event)
        if event.kind in {"pin", "unpin"} and event.at < self.said:
            return
        if event.kind in {"pin", "unpin"}:
            self.said = event.at
        if event.kind == "pin" and event.until and event.until <= self.now:  # over before it was heard of
            self.pin = None
            if pinned:
                self.end_pin()
        elif event.kind == "pin":
            self.pin = event
            self.serve(self.tiers.index(event.word), by_pin=True)
        elif event.kind == "unpin":
            self.pin = None
            if pinned:
                self.end_pin()
        elif self.tier is None:
            self.begin_with(event)
        else:
            self.began, rating = min(self.began, event.at), self.last_rating
            late = rating and self.was_rated(rating) and event.belongs_at < datetime.combine(rating, time())
            if self.pin is None:
                self.serve(self.rate(rating) if late and rating else self.happened())

    def begin_with(self, event: Heard) -> None:
        self.began = event.at
        self.serve(self.first_tier())
        self.last_rating = self.rating_before(self.now.date())
        if self.was_rated(self.last_rating):
            self.serve(self.rate(self.last_rating))

    def end_pin(self) -> None:
        self.pin_ended()
        self.serve(self.earned(), by_pin=True)

    def serve(self, tier: int, *, by_pin: bool = False) -> None:
        if tier != self.tier:
            self.begins(tier, by_pin=by_pin)
            self.tier = tier
            self.told.append((self.now, self.tiers[tier]))

    def rating_before(self, day: date) -> date:
        months = [months_before(day, number) for number in range(12)]
        return next(month for month in months if month.month in self.rating_months)

    def was_rated(self, rating: date) -> bool:
        return datetime.combine(rating, time()) > self.began


def rank(value: Fraction, floors: Sequence[int]) -> int:
    return sum(value >= floor for floor in floors)


# --- random histories ---


def history(  # noqa: PLR0913 - what the dice may give
    seed: int,
    floors: Sequence[int],
    years: int,
    kinds: Sequence[str],
    *,
    late: bool = False,
    pins: Sequence[str] = (),
) -> list[Heard]:
    """Events around the floors, in the order of their arrival; the first one is a balance, and may be late, too."""
    dice = random.Random(seed)  # noqa: S311 - the same dice every time
    now = datetime(2023, 1 + seed % 12, 1) + timedelta(days=dice.randrange(31), hours=10)
    end, found, bought = now + timedelta(days=365 * years), list[Heard](), list[Heard]()
    while now < end:
        at = now if not late or dice.random() < 0.7 else _some_time(dice, now, -90)
        kind = "balance" if not found else dice.choice([*kinds, "pin", "unpin"] if pins else kinds)
        found.append(_one(dice, kind, at, floors, pins, bought))
        now = _some_time(dice, now, 22)
    return found


def _some_time(dice: random.Random, now: datetime, days: int) -> datetime:
    """A local time that every clock shows once: midnights often."""
    at = now.date() + timedelta(days=dice.randint(min(days, 1), max(days, -1)))
    return datetime.combine(at, dice.choice([time(), time(4), time(12, 30), time(23, 59, 59, 999000)]))


def _one(  # noqa: PLR0913, PLR0917 - as above
    dice: random.Random, kind: str, at: datetime, floors: Sequence[int], pins: Sequence[str], bought: list[Heard]
) -> Heard:
    amount = Fraction(dice.choice(floors)) * Fraction(dice.choice(["0.4", "0.9", "1", "1", "1.1", "1.5"]))
    amount += Fraction(dice.choice(["0", "0", "0.01", "-0.01"]))
    if kind == "balance":
        account = dice.choice("aaabcdefg")  # those that are seldom heard of have late news more often
        return Heard(at, kind, amount if account == "a" else amount // dice.choice([3, 100]), account, "deposit")
    plain = {
        LOAN: Heard(at, "balance", -amount, "l", LOAN),
        "credit": Heard(at, kind, word=dice.choice(["good", "poor", "default", "excellent", "good"])),
        "pin": Heard(at, kind, word=dice.choice(pins or [""]), until=_some_time(dice, at, 70)),
        "unpin": Heard(at, kind),
    }
    if kind in plain:
        return plain[kind]
    if kind == "reversal":
        if not bought:
            return Heard(at, "fee", Fraction(1))
        undone = bought.pop()
        return undone._replace(at=max(at, undone.at), reverses=undone.at)
    bought.append(Heard(at, kind, Fraction(dice.choice([0, 15000, 15000, 30000, 29999, 3000000]))))
    return bought[-1]
