"""What the made-up bank answers, in the forms of the console's API."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from console.stand_in.bank import DIGEST, SIZES, TAIPEI, Bank, Customer, when

IN_FORCE = {"name": "cards", "version": 1, "digest": DIGEST}


def tiers(bank: Bank) -> dict[str, Any]:
    total = sum(SIZES.values())
    return {
        "tiers": [
            {
                "id": tier["id"],
                "names": tier["name"],
                "customers": SIZES[tier["id"]],
                "share": f"{SIZES[tier['id']] / total:.6f}",
            }
            for tier in bank.tiers
        ],
        "customers": total,
        "complete": True,
        "policy": {**IN_FORCE, "since": when(timedelta(days=31))},
    }


def flows(span: str) -> dict[str, Any]:
    times = {"hour": 1, "day": 21, "month": 540}[span]
    rows = [
        (None, "basic", 46),
        (None, "silver", 7),
        (None, "gold", 1),
        ("basic", "silver", 22),
        ("basic", "gold", 2),
        ("silver", "gold", 9),
        ("gold", "platinum", 2),
        ("silver", "basic", 13),
        ("gold", "silver", 6),
        ("platinum", "gold", 1),
    ]
    ranks = ["basic", "silver", "gold", "platinum"]
    return {
        "from": when(timedelta(hours={"hour": 1, "day": 24, "month": 720}[span])),
        "to": when(timedelta()),
        "flows": [
            {
                "previous_tier": before,
                "tier": after,
                "changes": count * times,
                "direction": "initial"
                if before is None
                else "upgrade"
                if ranks.index(after) > ranks.index(before)
                else "downgrade",
            }
            for before, after, count in rows
        ],
    }


def rates(minutes: int) -> dict[str, Any]:
    points = []
    for ago in range(minutes, 0, -1):
        at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=ago)
        some = random.Random(int(at.timestamp()))
        points.append(
            {
                "at": at.astimezone(TAIPEI).isoformat(timespec="seconds"),
                "upgrades": some.randrange(18, 46),
                "downgrades": some.randrange(8, 24),
                "initial": some.randrange(4, 12),
                "triggers": some.randrange(20, 70),
                "decisions": some.randrange(0, 4),
                "alerts": int(some.random() < 0.1),
            }
        )
    return {"points": points}


def operations() -> dict[str, Any]:
    workers = [
        {
            "url": "http://10.0.0.7:6066",
            "ready": True,
            "reasons": [],
            "partitions": [0, 1],
            "events_per_s": 4120.5,
            "delay_p50_s": 0.021,
            "delay_p99_s": 0.184,
        },
        {
            "url": "http://10.0.0.8:6066",
            "ready": False,
            "reasons": ["Partition 3 is being recovered: 61% is read."],
            "partitions": [2, 3],
            "events_per_s": 2044.0,
            "delay_p50_s": 0.034,
            "delay_p99_s": 1.92,
        },
    ]
    partitions = [
        {"partition": number, "worker": workers[number // 2]["url"], "lag_records": lag, "oldest_age_s": age}
        for number, (lag, age) in enumerate([(12, 0.0), (9, 0.03), (31, 0.4), (48_210, 94.0)])
    ]
    incident = {
        "since": when(timedelta(minutes=2)),
        "severity": "warning",
        "text": {"en": "Partition 3 has events that have waited for more than a minute."},
        "runbook": "docs/runbooks/records-wait.md",
    }
    return {"workers": workers, "partitions": partitions, "incidents": [incident]}


def money(figure: int) -> str:
    return f"{figure}.00"


def change(bank: Bank, customer: Customer, number: int) -> dict[str, Any]:
    tier, ago, reason = customer.tiers[number]
    before = customer.tiers[number - 1][0] if number else None
    direction = "initial" if before is None else "upgrade" if bank.rank(tier) > bank.rank(before) else "downgrade"
    return {
        "id": f"{customer.id}:{number + 1}",
        "customer_id": customer.id,
        "sequence": number + 1,
        "direction": direction,
        "previous_tier": before,
        "tier": tier,
        "earned_tier": tier,
        "reason": reason,
        "decided_at": when(ago),
        "value": money(customer.value if number + 1 == len(customer.tiers) else bank.floor(tier) + 61_250),
        "currency": "TWD",
        "strategy": {"granted": [], "withdrawn": []},
    }


def explanation(bank: Bank, customer: Customer) -> dict[str, Any]:
    tier, earned = customer.tiers[-1][0], bank.earned(customer.value)
    floors = [
        {
            "tier": one["id"],
            "names": one["name"],
            "measure": "value",
            "measure_names": None,
            "is": money(customer.value),
            "at_least": money(bank.floor(one["id"])),
            "missing": money(max(0, bank.floor(one["id"]) - customer.value)),
            "met": customer.value >= bank.floor(one["id"]),
        }
        for one in bank.tiers[1:]
    ]
    above = bank.tiers[bank.rank(tier) + 1 :]
    newest = change(bank, customer, len(customer.tiers) - 1)
    rules = next(one for one in bank.tiers if one["id"] == tier)["strategy"]
    lost = None
    if newest["direction"] == "downgrade":
        before = newest["previous_tier"]
        lost = {
            "tier": before,
            "names": bank.names(before),
            "at": newest["decided_at"],
            "reason": newest["reason"],
            "missing": money(max(0, bank.floor(before) - customer.value)),
        }
    falls = None
    if customer.falls_in:
        falls = {"tier": earned, "names": bank.names(earned), "at": when(-customer.falls_in)}
    named = {one["id"]: one["name"] for one in bank.campaigns}
    made = {
        "customer_id": customer.id,
        "tier": {"id": tier, "names": bank.names(tier)},
        "earned_tier": {"id": earned, "names": bank.names(earned)},
        "since": newest["decided_at"],
        "direction": newest["direction"],
        "reason": newest["reason"],
        "as_of": when(timedelta()),
        "currency": "TWD",
        "value": money(customer.value),
        "floors": floors,
        "next": {
            "tier": above[0]["id"],
            "names": above[0]["name"],
            # The engine names no amount where the figures suffice.
            "missing": money(short) if (short := bank.floor(above[0]["id"]) - customer.value) > 0 else None,
        }
        if above
        else None,
        "held_by": _held(customer),
        "falls": falls,
        "pin": customer.pin,
        "consent": customer.consent,
        "lost": lost,
        "strategy": {
            "needs": rules["needs"],
            "services": [{"id": one["id"], "kind": one["kind"], "names": one["name"]} for one in rules["services"]],
            "campaigns": [{"id": one, "names": named.get(one, {})} for one in rules["campaigns"]],
            "risk_controls": rules["risk_controls"],
        },
    }
    return {**made, "sentences": _sentences(bank, made, customer)}


def _held(customer: Customer) -> list[dict[str, Any]]:
    held = []
    if customer.pin:
        held.append(
            {"kind": "pin", "until": customer.pin["until"], "reason": customer.pin["reason"], "by": customer.pin["by"]}
        )
    if customer.falls_in:
        held.append({"kind": "grace", "until": when(-customer.falls_in), "reason": None, "by": None})
    if customer.protected_for:
        held.append({"kind": "protection", "until": when(-customer.protected_for), "reason": None, "by": None})
    if customer.capped_by:
        held.append({"kind": "cap", "until": None, "reason": customer.capped_by, "by": None})
    return held


def _sentences(bank: Bank, made: dict[str, Any], customer: Customer) -> dict[str, list[str]]:
    en, zh = made["tier"]["names"]["en"], made["tier"]["names"]["zh"]
    floor = bank.floor(made["tier"]["id"])
    value = f"TWD {customer.value:,}"
    texts: dict[str, list[str]] = {
        "en": [f"The customer is in {en}: the value of {value} meets its floor of TWD {floor:,}."],
        "zh-TW": [f"客戶屬於{zh}：綜合價值 {value}，達到門檻 TWD {floor:,}。"],
        "zh-CN": [f"客户属于{zh}：综合价值 {value}，达到门槛 TWD {floor:,}。"],
    }
    if made["lost"]:
        lost = made["lost"]["names"]
        texts["en"].insert(
            0, f"{lost['en']} was lost because the value stayed below the floor of {lost['en']} for 30 days in a row."
        )
        texts["zh-TW"].insert(0, f"失去{lost['zh']}，是因為綜合價值連續 30 天低於門檻。")
        texts["zh-CN"].insert(0, f"失去{lost['zh']}，是因为综合价值连续 30 天低于门槛。")
    if made["falls"] or made["pin"]:
        texts["en"][-1] = f"The customer is in {en}, though the value of {value} is below its floor of TWD {floor:,}."
        texts["zh-TW"][-1] = f"客戶屬於{zh}，但綜合價值 {value} 低於門檻 TWD {floor:,}。"
        texts["zh-CN"][-1] = f"客户属于{zh}，但综合价值 {value} 低于门槛 TWD {floor:,}。"
    return texts


def history(bank: Bank, customer: Customer) -> list[dict[str, Any]]:
    past = [
        {"at": one["decided_at"], "kind": "tier", "message": one}
        for one in (change(bank, customer, number) for number in range(len(customer.tiers)))
    ]
    past += [
        {"at": one["triggered_at"], "kind": "campaign", "message": {**one, "customer_id": customer.id}}
        for one in customer.campaigns
    ]
    past += [
        {
            "at": one["decided_at"],
            "kind": "loan" if one["kind"] == "decision" else "alert",
            "message": {**one, "customer_id": customer.id},
        }
        for one in customer.loans
    ]
    return sorted(past, key=lambda one: one["at"], reverse=True)


def of_tier(bank: Bank, tier: str) -> list[dict[str, Any]]:
    return [
        {
            "customer_id": one.id,
            "since": when(one.tiers[-1][1]),
            "value": money(one.value),
            "currency": "TWD",
            "earned_tier": bank.earned(one.value),
        }
        for one in bank.customers.values()
        if one.tiers[-1][0] == tier
    ]


def loans(bank: Bank) -> list[dict[str, Any]]:
    told = [{**loan, "customer_id": one.id} for one in bank.customers.values() for loan in one.loans]
    some = random.Random(3)
    for number, outcome in enumerate(["standard", "enhanced", "refer", "standard", "refer", "enhanced"] * 3):
        told.append(
            {
                "id": f"C{10 + number:03}:L{number}:decision",
                "customer_id": f"C{10 + number:03}",
                "loan_id": f"L{number}",
                "kind": "decision",
                "outcome": outcome,
                "tier": "silver",
                "amount": money(some.randrange(2, 90) * 100_000),
                "currency": "TWD",
                "decided_at": when(timedelta(hours=5 * number + 2)),
                "monitored_until": None,
                "conditions": [
                    {
                        "measure": "fresh_assets",
                        "is": "0.70",
                        "more_than": "0.50",
                        "outcome": outcome,
                        "met": outcome != "standard",
                    }
                ],
            }
        )
    return sorted(told, key=lambda one: one["decided_at"], reverse=True)


def campaigns(bank: Bank) -> list[dict[str, Any]]:
    told = []
    for number, one in enumerate(bank.campaigns):
        treated = [4210, 28_915, 3120, 9902, 1288, 640, 2011, 344][number % 8]
        limit = {"triggers": 40_000, "amount": "5000000.00", "per": "month"}
        budget = (
            {"limit": limit, "granted": treated, "since": when(timedelta(days=27))}
            if one["kind"] == "cash_back"
            else None
        )
        told.append(
            {
                "id": one["id"],
                "kind": one["kind"],
                "names": one["name"],
                "treated": treated,
                "held_out": treated // 9,
                "newest_at": when(timedelta(minutes=4 + 31 * number)),
                "budget": budget,
            }
        )
    return told
