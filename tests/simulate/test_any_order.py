"""Whatever the order of a customer's events, every measure and the served tier are those of a plain recount."""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest

from streams.contracts.packing import unpack_state
from streams.engine.measures.figures import measure
from streams.engine.sections import special_of
from streams.engine.state import CustomerState
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.simulate.simulation import Simulation
from tests.support.any_order import CUSTOMER, END, Dice, records
from tests.support.recount import DAY, Line, Recount

Arrange = Callable[[Dice, Sequence[Line]], list[Line]]
ZONE = "America/New_York"  # with a Sunday of 23 hours among the days
MEASURES = """
[rates]
USD = "31.5"
JPY = "0.21"

[products]
structured-note = "securities"

[measures.spent]
sum = ["purchase", "transfer_out"]
days = 30

[measures.visits]
count = ["cash", "deposit"]
days = 7

[measures.month]
sum = ["purchase"]
months = 1

[measures.average_days]
average = "assets"
days = 20

[measures.average_month]
average = "assets"
months = 1

[measures.debts]
average = "loans"
days = 14

[measures.closing]
month_end = "assets"
"""
VALUE = """
[value]
terms = [{ measure = "assets" }, { measure = "spent", weight = "0.01", at_most = "50000" }]
credit = { poor = "-0.10", excellent = "0.05" }

[caps]
default = "low"

[[tiers]]
id = "low"

[[tiers]]
id = "mid"
at_least = "500000"

[[tiers]]
id = "high"
"""
# What makes the policy look at all measures, and decides nothing.
HIGH = """
enter = { all = [
    { measure = "value", at_least = "5000000" },
    { any = [
        { measure = "value", at_least = "5000000" },
        { measure = "visits", at_least = "1" },
        { measure = "month", at_least = "1" },
        { measure = "average_days", at_least = "1" },
        { measure = "average_month", at_least = "1" },
        { measure = "debts", at_least = "1" },
        { measure = "closing", at_least = "1" },
    ] },
] }
"""
RATES = {"TWD": "1", "USD": "31.5", "JPY": "0.21"}
HEAD = f'name = "recounted"\nversion = 1\ncurrency = "TWD"\ntime_zone = "{ZONE}"\n'
AT_ONCE = load_policy(HEAD + MEASURES + VALUE + HIGH)
# Down after 30 days in a row below, and not within 90 days of an upgrade, as in standard.toml.
PURCHASE = {
    "event_id": "large",
    "customer_id": CUSTOMER,
    "account_id": "a",
    "type": "purchase",
    "amount": "1000000",
    "currency": "TWD",
}
FALLING = VALUE.replace("[caps]", "[falling]\nafter_days = 30\nprotection_days = 90\n\n[caps]")
SLOWLY = load_policy(HEAD + MEASURES + FALLING + 'at_least = "5000000"\n')

Rate = Callable[[Recount], str]


def rated(when: str, measure_name: str, more: str = "") -> Policy:
    """A policy that rates by the calendar alone, by one measure."""
    tiers = '[{ id = "low" }, { id = "mid", at_least = "500000" }, { id = "high", at_least = "5000000" }]'
    rules = (
        f'value = {{ terms = [{{ measure = "{measure_name}" }}] }}\nrating = {{ {when} }}\n{more}\ntiers = {tiers}\n'
    )
    return load_policy(HEAD + rules + MEASURES)


# A month's purchases and its average, as in esun-unicard-up.toml.
BOTH = """
rating = { when = "month_end", effect = "next_month" }
[[tiers]]
id = "low"
[[tiers]]
id = "mid"
enter = { all = [{ measure = "month", at_least = "30000" }, { measure = "average_month", at_least = "300000" }] }
[[tiers]]
id = "high"
enter = { all = [{ measure = "month", at_least = "1000000" }, { measure = "average_month", at_least = "5000000" }] }
"""


def by_month(recount: Recount) -> str:
    """What the last month's average gives."""
    return earned(recount.average(*recount.last_month()))


def by_days(recount: Recount, last: date) -> str:
    """What the average of the 20 days up to one of them gives."""
    return earned(recount.average(last - timedelta(days=19), last))


def by_both(recount: Recount) -> str:
    """What the last month's purchases and its average give together."""
    month = recount.last_month()
    spent, held = recount.sum({"purchase"}, month), recount.average(*month)
    if spent >= 1_000_000 and held >= 5_000_000:
        return "high"
    return "mid" if spent >= 30_000 and held >= 300_000 else "low"


def capped(recount: Recount) -> str:
    """The same as by_month; but who was in default at the last rating, or has been since, waits for the next one."""
    said = [(recount.day(datetime.fromisoformat(value["as_of"])), value["standing"]) for value in recount.of("credit")]
    began = recount.today.replace(day=1)
    counts = [standing for day, standing in said if day < began][-1:] + [word for day, word in said if day >= began]
    return "low" if "default" in counts else by_month(recount)


MAY_10, JUNE_10 = date(2026, 5, 10), date(2026, 6, 10)
TIERS = ["low", "mid", "high"]
BY_CALENDAR: dict[str, tuple[Policy, Rate]] = {
    "each month": (rated('when = "month_end"', "average_month"), by_month),
    "for the next month": (rated('when = "month_end", effect = "next_month"', "average_month"), by_month),
    "each day": (rated('when = "daily"', "average_days"), lambda recount: by_days(recount, recount.today - DAY)),
    "on dates": (rated('when = ["05-10", "06-10"]', "average_days"), lambda recount: by_days(recount, JUNE_10)),
    "the higher of two": (
        rated('when = ["05-10", "06-10"]', "average_days", 'falling = { to = "higher_of_last_two" }'),
        lambda recount: max(by_days(recount, MAY_10), by_days(recount, JUNE_10), key=TIERS.index),
    ),
    "two measures": (load_policy(HEAD + BOTH + MEASURES), by_both),
    "a cap": (rated('when = "month_end"', "average_month", 'caps = { default = "low" }'), capped),
}


def figures_of(state: CustomerState, policy: Policy) -> dict[str, Fraction]:
    """What the engine gives, by the names of the measures."""
    figures = measure(state, policy, policy.calendar.day_of(int(END.timestamp() * 1000)))
    named = {
        rule.name: Fraction(figure) / 10**16 for rule, figure in zip(policy.measures, figures.measures, strict=True)
    }
    return named | {"value": Fraction(figures.value) / 10**16, "credit": Fraction(figures.credit) / 10**16}


def recounted(recount: Recount) -> dict[str, Fraction]:
    """What the recount gives, by the same names."""
    spent = recount.sum({"purchase", "transfer_out"}, recount.back(30))
    assets = recount.newest()
    share = {"poor": Fraction(-1, 10), "excellent": Fraction(1, 20)}.get(recount.standing, Fraction(0))
    return {
        "assets": assets,
        "spent": spent,
        "visits": Fraction(recount.count({"cash", "deposit"}, recount.back(7))),
        "month": recount.sum({"purchase"}, recount.last_month()),
        "average_days": recount.average(*recount.back(20)),
        "average_month": recount.average(*recount.last_month()),
        "debts": recount.average(*recount.back(14), loans=True),
        "closing": recount.closing(recount.last_month()[1]),
        "credit": max(assets, Fraction(0)) * share,
        "value": assets + min(spent / 100, Fraction(50_000)) + max(assets, Fraction(0)) * share,
    }


def earned(value: Fraction, standing: str = "good") -> str:
    """The highest tier whose floor the value reaches; in default nobody is above low."""
    if standing == "default" or value < 500_000:
        return "low"
    return "high" if value >= 5_000_000 else "mid"


def end_of(policy: Policy, lines: Sequence[Line]) -> CustomerState:
    """The customer after these events, as the engine has it."""
    simulation = Simulation(policy)
    simulation.work(records(lines))
    return unpack_state(simulation.partition.packed[CUSTOMER.encode()])


def differences(seed: int, arrange: Arrange, erased: float = 0) -> list[object]:
    """What differs, by name: the engine's, the recount's."""
    dice = Dice(seed, erased=erased)
    lines = arrange(dice, dice.lines())
    state, recount = end_of(AT_ONCE, lines), Recount(lines, END, ZONE, RATES)
    expected, found = recounted(recount), figures_of(state, AT_ONCE)
    pairs = [(name, found[name], expected[name]) for name in expected]
    tier = recount.pin or earned(expected["value"], recount.standing)
    said = [
        (state.standing or "good", recount.standing),
        (special_of(state).opted_out, recount.opted_out),
        (state.tier, tier),
    ]
    return [pair for pair in [*pairs, *said] if pair[-2] != pair[-1]]


def slowly(seed: int, arrange: Arrange, erased: float = 0) -> list[object]:
    """The tier half a year after the last event: whatever grace and protection put off has come by then."""
    dice = Dice(seed, erased=erased)
    later = END + timedelta(days=200)
    lines = [*arrange(dice, dice.lines()), dice.application(later)]
    recount = Recount(lines, later, ZONE, RATES)
    value = recount.newest() + recounted(recount)["credit"]
    served, right = end_of(SLOWLY, lines).tier, earned(value, recount.standing)
    return [] if served == right else [(served, right)]


def by_calendar(seed: int, arrange: Arrange, *, late_erase: bool = False) -> list[object]:
    """The tier that the last rating gave, corrected by what came late; made when the customer is heard of after it.

    late_erase: of a time before all events that comes among them, or after them.
    """
    dice = Dice(seed)
    known = dice.lines()
    if late_erase:
        erase = {"event_id": "erase", "customer_id": CUSTOMER, "action": "erase"}
        known.append(Line("customers", erase | {"at": (END - timedelta(days=81)).isoformat()}))
    lines = arrange(dice, known)
    recount, found = Recount(lines, END, ZONE, RATES), list[object]()
    for name, (policy, rate) in BY_CALENDAR.items():
        served = end_of(policy, lines).tier
        right = recount.pin or rate(recount)
        if served != right:
            found.append((name, served, right))
    return found


CASH_BACK = load_policy(
    f"""
    name = "cash-back"
    version = 1
    currency = "TWD"
    time_zone = "{ZONE}"
    tiers = [{{ id = "low" }}, {{ id = "mid", at_least = "500000" }}]
    [[campaigns]]
    id = "cash-back"
    kind = "cash_back"
    rate = "0.01"
    """
)


def paid(seed: int) -> list[object]:
    """What was paid in all, and 1% of what stands. A last large purchase makes up for what was paid too much."""
    dice, later = Dice(seed), END + timedelta(days=120)
    bought = [line for line in dice.lines() if line.topic == "transactions"]
    whole = [Line(topic, {**value, "amount": "700", "currency": "TWD", "type": "purchase"}) for topic, value in bought]
    large = Line("transactions", {**PURCHASE, "occurred_at": (END + timedelta(days=40)).isoformat()})
    lines = [dice.application(END - timedelta(days=80)), *dice.shuffled(whole), large, dice.application(later)]
    outputs = Simulation(CASH_BACK).work(records(lines)).outputs
    triggers = [json.loads(output.value) for output in outputs if output.topic == "tier.campaigns"]
    got = sum((Fraction(trigger["amount"]) for trigger in triggers), Fraction(0))
    right = sum(Fraction(value["amount"]) for value in Recount(lines, later, ZONE, RATES).counted()) / 100
    return [] if got == right else [(got, right)]


@pytest.mark.parametrize("seed", range(30))
def test_any_order_gives_the_measures_and_the_tier_of_the_recount(seed: int) -> None:
    assert differences(seed, Dice.shuffled) == []
    assert slowly(seed, Dice.shuffled) == by_calendar(seed, Dice.shuffled) == paid(seed) == []


@pytest.mark.parametrize("seed", range(100, 140))
def test_any_order_with_an_erase_gives_the_measures_and_the_tier_of_the_recount(seed: int) -> None:
    assert differences(seed, Dice.shuffled, erased=1) == slowly(seed, Dice.shuffled, erased=1) == []
    assert by_calendar(seed, Dice.shuffled, late_erase=True) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1_000, 21_000, 1_000))
def test_any_order_of_many_histories(seed: int) -> None:
    shuffled = Dice.shuffled
    for one in range(seed, seed + 1_000):
        assert [*differences(one, shuffled), *slowly(one, shuffled), *by_calendar(one, shuffled), *paid(one)] == [], one
        erased = [*differences(one, shuffled, erased=1), *slowly(one, shuffled, erased=1)]
        assert [*erased, *by_calendar(one, shuffled, late_erase=True)] == [], one
