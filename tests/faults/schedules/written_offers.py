"""What is wrong with triggers, budgets, decisions on loans and alerts; each comes of one event, whoever writes it."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from tests.faults.schedules.history import Anomaly, History, twice
from tests.faults.schedules.offers import BUDGETS, Risk, Trigger
from tests.faults.schedules.replay import Transaction

Message = dict[str, Any]


class Written:
    """What the topics hold, by id. candidates: by partition, in their order."""

    def __init__(self, history: History) -> None:
        numbers = range(history.partitions)
        self.triggers = _by_id(message for number in numbers for message in _messages(history, "campaigns", number))
        self.risks = _by_id(message for number in numbers for message in _messages(history, "risk", number))
        self.candidates = [_messages(history, "candidates", number) for number in numbers]

    @property
    def ids(self) -> set[str]:
        """What was written in the transactions of customers: of a campaign with a budget, the candidate."""
        at_once = {each for each, those in self.triggers.items() if those[0]["campaign"] not in BUDGETS}
        return at_once | self.risks.keys() | {message["id"] for those in self.candidates for message in those}


def wrong_offers(history: History, worked: Iterable[Transaction], written: Written) -> Iterator[Anomaly]:
    """What is there twice, comes of nothing, or is not as it has to be. What is missing is told by transaction."""
    worked = list(worked)
    triggers = {each.id: each for one in worked for each in one.triggers}
    risks = {each.id: each for one in worked for each in one.risks}
    short = {topic: name for name, topic in history.names.items()}
    yield from _held_against(written.triggers, triggers, lambda message: _trigger(message, short))
    yield from _held_against(written.risks, risks, lambda message: _risk(message, short))
    for number, candidates in enumerate(written.candidates):
        yield from twice(number, "candidate", Counter(candidate["id"] for candidate in candidates))
        for candidate in candidates:
            if candidate["id"] not in triggers:
                yield Anomaly("duplicate", f"partition {number}: candidate {candidate['id']} comes of nothing")
    yield from _budgets(triggers, written)


def _held_against(
    written: Mapping[str, list[Message]], due: Mapping[str, Any], told: Callable[[Message], Any]
) -> Iterator[Anomaly]:
    for name, messages in written.items():
        if len(messages) > 1:
            yield Anomaly("duplicate", f"{name} is there {len(messages)} times")
        if name not in due:
            yield Anomaly("duplicate", f"{name} comes of nothing")
        elif told(messages[0]) != due[name]:
            yield Anomaly("wrong value", f"{due[name]} is due, {told(messages[0])} was written")


def _budgets(triggers: Mapping[str, Trigger], written: Written) -> Iterator[Anomaly]:
    """In the order of the candidates, each that the budget holds is granted whole, and no other."""
    granted = {name for candidates in written.candidates for name in _granted(candidates, triggers)}
    there = {name for name, those in written.triggers.items() if those[0]["campaign"] in BUDGETS}
    for name in granted - there:
        yield Anomaly("lost write", f"{name} is within its budget, and was not granted")
    for name in there - granted:
        yield Anomaly("wrong value", f"{name} was granted, and its budget does not hold it")


def _granted(candidates: Iterable[Message], triggers: Mapping[str, Trigger]) -> Iterator[str]:
    number, amount = Counter[str](), defaultdict[str, Decimal](Decimal)
    for trigger in (triggers[candidate["id"]] for candidate in candidates if candidate["id"] in triggers):
        after = number[trigger.campaign] + 1, amount[trigger.campaign] + (trigger.amount or 0)
        if BUDGETS[trigger.campaign].holds(*after):
            number[trigger.campaign], amount[trigger.campaign] = after
            yield trigger.id


def _trigger(message: Message, short: Mapping[str, str]) -> Trigger:
    amount = None if message["amount"] is None else Decimal(message["amount"])
    cause = _cause(message, short)
    return Trigger(message["id"], message["campaign"], message["sequence"], message["tier"], amount, cause)


def _risk(message: Message, short: Mapping[str, str]) -> Risk:
    what = message["outcome"] if message["kind"] == "decision" else message["reason"]
    return Risk(message["id"], what, message["tier"], _cause(message, short))


def _cause(message: Message, short: Mapping[str, str]) -> tuple[str, int]:
    cause = message["cause"] or {"topic": "", "offset": -1}
    return short.get(cause["topic"], ""), cause["offset"]


def _messages(history: History, name: str, number: int) -> list[Message]:
    return [json.loads(seen.value or b"") for seen in history.of(name, number)]


def _by_id(messages: Iterable[Message]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        found[message["id"]].append(message)
    return found
