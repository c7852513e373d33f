"""What the made-up bank says of policies: mistakes, floors, a comparison, and words to some lines."""

import tomllib
from collections import Counter
from datetime import timedelta
from typing import Any

from console.stand_in.answers import IN_FORCE, LANGUAGES
from console.stand_in.bank import DIGEST, Bank, when


def check(toml: str) -> dict[str, Any]:
    """Checks no more than the stand-in needs: TOML, and floors that go up."""
    try:
        policy = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        line = next((int(word) for word in str(error).replace(",", " ").split() if word.isdigit()), 1)
        return {
            "ok": False,
            "findings": [{"line": line, "field": None, "severity": "error", "text": str(error)}],
            "floors": [],
        }
    lines, findings, floors, highest = toml.splitlines(), [], [], 0
    for tier in policy.get("tiers", []):
        at_least = tier.get("at_least")
        if at_least is None:
            continue
        line = next((number for number, text in enumerate(lines, 1) if text == f'at_least = "{at_least}"'), 1)
        if not str(at_least).isdigit() or int(at_least) <= highest:
            findings.append(
                {
                    "line": line,
                    "field": "tiers.at_least",
                    "severity": "error",
                    "text": f"The floor of {tier['id']} must be above that of the tier below it.",
                }
            )
        else:
            highest = int(at_least)
        floors.append(
            {"tier": tier["id"], "names": tier.get("name", {}), "measure": "value", "at_least": str(at_least)}
        )
    if policy.get("falling", {}).get("after_days", 1) == 0:
        findings.append(
            {
                "line": next(number for number, text in enumerate(lines, 1) if text.startswith("after_days")),
                "field": "falling.after_days",
                "severity": "warning",
                "text": "Without days of grace a customer may fall and rise again within a day.",
            }
        )
    return {"ok": not any(one["severity"] == "error" for one in findings), "findings": findings, "floors": floors}


def compare(bank: Bank, toml: str) -> dict[str, Any]:
    floors = {one["tier"]: int(one["at_least"]) for one in check(toml)["floors"]}
    matrix: Counter[tuple[str, str]] = Counter()
    for one in bank.customers.values():
        then = [tier["id"] for tier in bank.tiers if floors.get(tier["id"], 0) <= one.value][-1]
        matrix[bank.earned(one.value), then] += 1
    policy = tomllib.loads(toml)
    return {
        "customers": len(bank.customers),
        "from": IN_FORCE,
        "to": {"name": policy["name"], "version": policy["version"], "digest": DIGEST[::-1]},
        "matrix": [{"from": before, "to": after, "customers": count} for (before, after), count in matrix.items()],
        "inputs": {
            "events": 18_422,
            "first": when(timedelta(days=92))[:10],
            "last": when(timedelta())[:10],
            "complete": True,
        },
    }


WORDS = {
    "name": ("The name of this policy.", "規則的名稱。", "规则的名称。"),
    "version": ("The version: raise it with every change.", "版本：每次修改都要加一。", "版本：每次修改都要加一。"),
    "currency": ("All amounts are worked out in this currency.", "所有金額以此幣別計算。", "所有金额以此币种计算。"),
    "time_zone": (
        "Days begin at midnight of this zone.",
        "每一天從這個時區的午夜開始。",
        "每一天从这个时区的午夜开始。",
    ),
    "at_least": ("The floor: this much, itself included.", "門檻：至少這麼多，含本數。", "门槛：至少这么多，含本数。"),
    "after_days": (
        "So many days in a row below the floor, then the tier falls.",
        "連續這麼多天低於門檻，才會降級。",
        "连续这么多天低于门槛，才会降级。",
    ),
    "protection_days": (
        "No fall within so many days of an upgrade.",
        "升級後這麼多天內不降級。",
        "升级后这么多天内不降级。",
    ),
    "days": ("How many days are looked back.", "往回看的天數。", "往回看的天数。"),
    "terms": ("What makes up the composite value.", "綜合價值的組成。", "综合价值的组成。"),
    "credit": (
        "Poor standing takes a share off the assets.",
        "信用不佳時，資產打折計算。",
        "信用不佳时，资产打折计算。",
    ),
    "tiers": ("The tiers that this is for.", "適用的層級。", "适用的层级。"),
    "campaigns": ("The campaigns of this tier.", "這一層的行銷活動。", "这一层的营销活动。"),
}


def words_of(toml: str) -> list[dict[str, Any]]:
    told = []
    for line, text in enumerate(toml.splitlines(), 1):
        found = WORDS.get(text.partition("=")[0].strip())
        if found:
            told.append({"line": line, "text": dict(zip(LANGUAGES, found, strict=True))})
    return told
