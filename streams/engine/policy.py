"""A bank's tier rules: a TOML file, checked on load, compiled once into what the stream decides with."""

import tomllib
from hashlib import sha256
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from streams.engine.calendar import Calendar
from streams.engine.events import TRANSACTION_TYPES, Standing
from streams.engine.money import ONE_RATE, RATE_DECIMALS, SHARE_DECIMALS, VALUE_DECIMALS, parse_fixed

MARK_BITS = 32
DAYS_LIMIT = 3_660


class PolicyError(ValueError):
    """The policy cannot be used; the message says where, what is wrong and what is allowed."""


# --- The file, as written -------------------------------------------------------------------------------------------


class ActivityRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A share of the volume of some types of transactions over the last days, up to a cap."""

    share: str
    of: list[str]
    days: int
    at_most: str | None = None


class ValueRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The composite value: assets, plus activity, plus a share of the assets by credit standing."""

    activity: ActivityRule | None = None
    credit: dict[Standing, str] = {}


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One service of a tier, in the bank's words."""

    id: str
    kind: str
    name: dict[str, str]


class StrategyRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a tier is for: needs, services, campaigns, risk controls."""

    needs: list[str] = []
    services: list[Service] = []
    campaigns: list[str] = []
    risk_controls: list[str] = []


class TierRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One tier; the first of the file is the lowest and has no floor."""

    id: str
    name: dict[str, str] = {}
    at_least: str | None = None
    strategy: StrategyRule = StrategyRule()


class Keep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is kept beyond the needs of the rules, so that a later policy finds it."""

    transaction_days: int = 0


class PolicyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    name: str
    version: int
    currency: str
    tiers: list[TierRule]
    time_zone: str = "Asia/Taipei"
    rates: dict[str, str] = {}
    value: ValueRule = ValueRule()
    caps: dict[Standing, str] = {}
    keep: Keep = Keep()


# --- Compiled --------------------------------------------------------------------------------------------------------


class WindowSum(msgspec.Struct, frozen=True):
    """The volume of some types of transactions over the last `days` days, today included."""

    days: int
    types: frozenset[str]


class Activity(msgspec.Struct, frozen=True):
    """What of a window's volume counts as activity."""

    window: int
    share_e4: int
    at_most_e16: int | None


class Tier(msgspec.Struct, frozen=True):
    """A tier and its inclusive floor; the lowest tier has none."""

    id: str
    floor_e16: int | None
    strategy: StrategyRule


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The rules, ready to decide with. `mark` is a short form of the digest that every customer's state carries."""

    name: str
    version: int
    digest: str
    mark: int
    document: str
    currency: str
    calendar: Calendar
    to_value: dict[str, int]  # by currency: value_e16 of one ten-thousandth
    windows: tuple[WindowSum, ...]
    activity: Activity | None
    credit_share_e4: dict[str, int]
    caps: dict[str, int]  # by standing: the highest tier's index
    tiers: tuple[Tier, ...]
    floors_e16: tuple[int, ...]  # of the second tier and up
    rank: dict[str, int]
    kept_days: int


def load_policy(document: str) -> Policy:
    """Compiles a policy document (the text of a TOML file); PolicyError where it cannot be used."""
    try:
        file = msgspec.convert(tomllib.loads(document), PolicyFile)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"the policy is not valid TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise PolicyError(f"the policy does not fit its form: {error}") from error
    digest = sha256(document.encode()).hexdigest()
    windows, activity = _activity(file)
    tiers = tuple(_tiers(file))
    rank = {tier.id: index for index, tier in enumerate(tiers)}
    return Policy(
        name=file.name,
        version=file.version,
        digest=f"sha256:{digest}",
        mark=int(digest[: MARK_BITS // 4], 16),
        document=document,
        currency=file.currency,
        calendar=Calendar(_zone(file)),
        to_value=_to_value(file),
        windows=windows,
        activity=activity,
        credit_share_e4={
            standing: _figure(f"value.credit.{standing}", share, SHARE_DECIMALS)
            for standing, share in file.value.credit.items()
        },
        caps={standing: _rank(rank, f"caps.{standing}", tier) for standing, tier in file.caps.items()},
        tiers=tiers,
        floors_e16=tuple(tier.floor_e16 for tier in tiers if tier.floor_e16 is not None),
        rank=rank,
        kept_days=max([_days("keep.transaction_days", file.keep.transaction_days, 0), *(w.days for w in windows)]),
    )


def _zone(file: PolicyFile) -> ZoneInfo:
    try:
        return ZoneInfo(file.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PolicyError(f"time_zone: {file.time_zone!r} is no IANA time zone such as Asia/Taipei") from error


def _to_value(file: PolicyFile) -> dict[str, int]:
    rates = {currency: _figure(f"rates.{currency}", rate, RATE_DECIMALS) for currency, rate in file.rates.items()}
    if file.currency in rates:
        raise PolicyError(f"rates.{file.currency}: the policy's own currency has no rate; take the line out")
    for currency, rate in rates.items():
        if rate <= 0:
            raise PolicyError(f"rates.{currency}: a rate is above 0")
    rates[file.currency] = ONE_RATE
    return {currency: rate_e8 * 10**SHARE_DECIMALS for currency, rate_e8 in rates.items()}


def _activity(file: PolicyFile) -> tuple[tuple[WindowSum, ...], Activity | None]:
    rule = file.value.activity
    if rule is None:
        return (), None
    unknown = sorted(set(rule.of) - TRANSACTION_TYPES)
    if unknown or not rule.of:
        raise PolicyError(f"value.activity.of: {unknown} not among {sorted(TRANSACTION_TYPES)}")
    at_most = None if rule.at_most is None else _figure("value.activity.at_most", rule.at_most, VALUE_DECIMALS)
    window = WindowSum(_days("value.activity.days", rule.days, 1), frozenset(rule.of))
    return (window,), Activity(0, _figure("value.activity.share", rule.share, SHARE_DECIMALS), at_most)


def _tiers(file: PolicyFile) -> list[Tier]:
    if not file.tiers:
        raise PolicyError("tiers: there is none; write at least one [[tiers]]")
    tiers: list[Tier] = []
    for number, rule in enumerate(file.tiers):
        where = f"tiers[{number}] ({rule.id})"
        if rule.id in {tier.id for tier in tiers}:
            raise PolicyError(f"{where}: the id is there twice")
        if (number == 0) != (rule.at_least is None):
            raise PolicyError(f"{where}.at_least: the first tier has no floor, every other one has")
        floor = None if rule.at_least is None else _figure(f"{where}.at_least", rule.at_least, VALUE_DECIMALS)
        if tiers and tiers[-1].floor_e16 is not None and floor is not None and floor <= tiers[-1].floor_e16:
            raise PolicyError(f"{where}.at_least: floors rise from tier to tier; {rule.at_least} does not")
        tiers.append(Tier(rule.id, floor, rule.strategy))
    return tiers


def _rank(rank: dict[str, int], where: str, tier: str) -> int:
    if tier not in rank:
        raise PolicyError(f"{where}: {tier!r} is no tier of this policy; they are {', '.join(rank)}")
    return rank[tier]


def _figure(where: str, text: str, decimals: int) -> int:
    try:
        return parse_fixed(text, decimals)
    except ValueError as error:
        raise PolicyError(f"{where}: {error}") from error


def _days(where: str, days: int, least: int) -> int:
    if not least <= days <= DAYS_LIMIT:
        raise PolicyError(f"{where}: {days} is not between {least} and {DAYS_LIMIT} days")
    return days
