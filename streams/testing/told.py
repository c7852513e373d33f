"""Output messages in words: "low → mid (threshold_crossed)", "campaign near-mid:1, missing 50000.00"."""

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from streams.simulate import Output
from streams.testing.heard import ME
from streams.testing.instants import written


class Told(NamedTuple):
    """What has come of events and of time: when it was decided, its words, and the message as subscribers read it."""

    at: datetime
    words: str
    topic: str
    message: dict[str, Any]

    @property
    def customer_id(self) -> str:
        """The customer whom it is about; of a refused event, whoever its key names."""
        if "customer_id" in self.message:
            return str(self.message["customer_id"])
        return base64.b64decode(self.message["key_base64"] or "").decode(errors="replace")


def told(output: Output, now: datetime) -> Told | None:
    """Says a message in words; None where another message says the same. now: for those that bear no time of use."""
    found = _WORDS.get(output.topic)
    if found is None:
        return None
    time_field, words = found
    message = json.loads(output.value)
    at = now if time_field is None else datetime.fromisoformat(message[time_field]).astimezone(now.tzinfo)
    one = Told(at, words(message), output.topic, message)
    return one if one.customer_id == ME else one._replace(words=f"{one.customer_id}: {one.words}")


def _change(message: dict[str, Any]) -> str:
    before = f"{message['previous_tier']} → " if message["previous_tier"] else ""
    services = [
        f", {word} {' '.join(message['strategy'][word])}"
        for word in ("granted", "withdrawn")
        if message["strategy"][word]
    ]
    return f"{before}{message['tier']} ({message['reason']}){''.join(services)}"


def _trigger(message: dict[str, Any]) -> str:
    said = [f"campaign {message['id'].partition(':')[2]}"]
    said += [f"{word} {message[word]}" for word in ("amount", "missing") if message[word] is not None]
    said += [f"due {_local(message['due'])}"] if message["due"] else []
    said += ["held out"] if message["group"] == "held_out" else []
    return ", ".join(said)


def _risk(message: dict[str, Any]) -> str:
    what = (
        f"{message['reason']} {message['id'].removeprefix(message['customer_id'] + ':')}"
        if message["kind"] == "alert"
        else f"loan {message['loan_id']} {message['outcome']}"
    )
    met = ", ".join(_condition(condition) for condition in message["conditions"] if condition["met"])
    watched = message["kind"] == "decision" and message["monitored_until"]
    until = f", watched until {_local(message['monitored_until'])}" if watched else ""
    return f"{what}{f' ({met})' if met else ''}{until}"


def _condition(condition: dict[str, Any]) -> str:
    word = next(word for word in ("more_than", "at_most", "at_least", "equals") if word in condition)
    return f"{condition['measure']} {word} {condition[word]}"


def _local(at: str) -> str:
    return written(datetime.fromisoformat(at))


# By topic: the field with the time of the decision, and what says the message. `tier.current` repeats `tier.changes`.
_WORDS: dict[str, tuple[str | None, Callable[[dict[str, Any]], str]]] = {
    "tier.changes": ("decided_at", _change),
    "tier.campaigns": ("triggered_at", _trigger),
    "tier.risk": ("decided_at", _risk),
    "tier.erasures": ("decided_at", lambda _: "erased"),
    "tier.dead-letters": (None, lambda message: f"refused ({message['reason']}), {message['detail']}"),
}
