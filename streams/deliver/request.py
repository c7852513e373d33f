"""The HTTP request of an event: CloudEvents in binary mode, signed by Standard Webhooks, with the body untouched.

What a receiver sees: docs/deliver.md#for-who-receives-it.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from string import punctuation
from urllib.parse import quote

from standardwebhooks import Webhook

from streams.contracts.trace import TRACEPARENT, is_traceparent
from streams.deliver.config import Target

# Not percent-encoded in a header (CloudEvents HTTP binding, 3.1.3.2): printable ASCII but space, quote and percent.
_AS_IT_IS = punctuation.replace('"', "").replace("%", "")
_ATTRIBUTE = re.compile(r"ce_([a-z0-9]{1,40})")
_MEDIA_TYPE = re.compile(r"[!-~][ -~]*")
_REQUIRED = frozenset({"id", "source", "type", "specversion"})
_JSON = "application/json"
_BESIDE = frozenset({"content-type", TRACEPARENT})  # headers that are no attributes of the event

Headers = Iterable[tuple[str, bytes]]


def attributes(headers: Headers) -> dict[str, str] | None:
    """Gives the CloudEvents attributes among a record's headers, `content-type` and `traceparent`.

    None if it is no CloudEvent.
    """
    found = {}
    for name, value in headers:
        attribute = _ATTRIBUTE.fullmatch(name)
        if attribute or name in _BESIDE:
            found[attribute[1] if attribute else name] = value.decode(errors="replace")
    return found if all(found.get(name) for name in _REQUIRED) else None


def event_id(headers: Headers) -> str:
    """Gives the id of the CloudEvent; empty if there is none."""
    return next((value.decode(errors="replace") for name, value in headers if name == "ce_id"), "")


class Writer:
    """The writer of the headers of requests to one endpoint."""

    def __init__(self, target: Target, agent: str) -> None:
        self._signers = [Webhook(secret) for secret in target.secrets]
        self._fixed = {"user-agent": agent}
        if target.authorization:
            self._fixed["authorization"] = target.authorization

    def headers(self, event: Mapping[str, str], body: bytes, now_s: float) -> dict[str, str]:
        """Gives all headers of one try. event: the attributes by name. now_s: epoch seconds.

        Raises:
            UnicodeDecodeError: The body is not UTF-8.
        """
        media_type = event.get("content-type", _JSON)
        made = {"content-type": media_type if _MEDIA_TYPE.fullmatch(media_type) else _JSON}
        if is_traceparent(event.get(TRACEPARENT, "")):
            made[TRACEPARENT] = event[TRACEPARENT]
        for name, value in event.items():
            if name not in _BESIDE:
                made[f"ce-{name}"] = quote(value, safe=_AS_IT_IS)
        # A full stop divides the parts of the text that is signed: an id must not hold one.
        webhook_id = made["ce-id"].replace(".", "%2E")
        at, text = datetime.fromtimestamp(now_s, UTC), body.decode()
        made["webhook-id"] = webhook_id
        made["webhook-timestamp"] = str(int(now_s))
        made["webhook-signature"] = " ".join(signer.sign(webhook_id, at, text) for signer in self._signers)
        return made | self._fixed
