"""The owners of an account: a list of objects with customer_id, role and share, or one id where there is one owner."""

from collections.abc import Callable
from typing import Any

from streams.contracts.inputs import ROLES
from streams.intake.fields.words import compile_word
from streams.intake.language.rules import SourceWords, WordRule
from streams.intake.refused import MissingError, RefusedError
from streams.intake.texts import named, text_of
from streams.policy.language.forms import quoted

NAMES = ("customer_id", "role", "share")


def compile_owners(rule: WordRule, source: SourceWords) -> Callable[[Any], list[dict[str, str]]]:
    """Gives what reads owners. The codes of the rule are of their roles."""
    read_id = compile_word(WordRule(trim=rule.trim), source, "customer_id", "id")
    read_role = compile_word(
        WordRule(codes=rule.codes, otherwise=rule.otherwise, trim=rule.trim), source, "role", "text"
    )

    def owner(item: Any) -> dict[str, str]:
        if not isinstance(item, dict):
            raise RefusedError(f"there is {named(item)} where an owner should be: an object with {', '.join(NAMES)}")
        given = {name: value for name in NAMES if (value := item.get(name)) not in (None, "")}
        if "customer_id" not in given:
            raise MissingError("an owner has no customer_id")
        found = {"customer_id": read_id(given["customer_id"])}
        if "role" in given:
            found["role"] = _known(read_role(given["role"]))
        if "share" in given:
            found["share"] = text_of(given["share"])
        return found

    def read(value: Any) -> list[dict[str, str]]:
        if isinstance(value, list):
            return [owner(item) for item in value]
        return [owner(value if isinstance(value, dict) else {"customer_id": value})]

    return read


def check_roles(rule: WordRule) -> str | None:
    """Says what is wrong with the roles of a rule; None: nothing."""
    words = [*rule.codes.values(), *([] if rule.otherwise is None else [rule.otherwise])]
    wrong = next((word for word in words if word.lower() not in ROLES), None)
    return None if wrong is None else f"{quoted(wrong)} is no role; there are owner, joint, authorised"


def _known(role: str) -> str:
    if role.lower() not in ROLES:
        raise RefusedError(
            f"{quoted(role)} is no role; write codes, from the source's words to: owner, joint, authorised"
        )
    return role.lower()
