"""What the made-up bank says of policies: mistakes, floors, a comparison, and words to some lines."""

import tomllib
from collections import Counter
from datetime import timedelta
from typing import Any

from console.stand_in.answers import IN_FORCE
from console.stand_in.bank import DIGEST, Bank, when


def check(toml: str) -> dict[str, Any]:
    """Checks no more than the stand-in needs: TOML, and floors that go up."""
    try:
        policy = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        line = next((int(word) for word in str(error).replace(",", " ").split() if word.isdigit()), 1)
        return {
            "ok": False,
            "findings": [{"line": line, "field": None, "severity": "error", "text": {"en": str(error)}}],
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
                    "text": {"en": f"The floor of {tier['id']} must be above that of the tier below it."},
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
                "text": {"en": "Without days of grace a customer may fall and rise again within a day."},
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
        "events": 18_422,
        "first_at": when(timedelta(days=92)),
        "last_at": when(timedelta()),
    }


def words_of(toml: str) -> list[dict[str, Any]]:
    """Gives a paragraph of the whole, as the real server does."""
    floors = ", ".join(f"{one['tier']} is from a value of {int(one['at_least']):,}" for one in check(toml)["floors"])
    return [
        {
            "line": 1,
            "text": {
                "en": f"Everybody is at least basic; {floors}. A tier is lost after 30 days in a row below its floor."
            },
        }
    ]
