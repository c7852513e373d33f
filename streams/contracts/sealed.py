"""Sealed messages: what of them stays in the clear, and what is sealed (docs/messages.md#sealed-messages)."""

from collections.abc import Mapping

import msgspec

from streams.contracts.envelope import Headers
from streams.contracts.outlines import Outline, SealedMessage
from streams.contracts.outputs import ALERT_TYPE, CHANGE_TYPE, DECISION_TYPE, TRIGGER_TYPE, CandidateMessage
from streams.contracts.templates import encode
from streams.sealing.cipher import Cipher

CONTEXTS: Mapping[str, bytes] = {
    "changes": b"changes",
    "current": b"changes",  # the same messages
    "campaigns": b"campaigns",
    "risk": b"risk",
}
"""The outputs whose messages are sealed, by their names without prefix: what a message is sealed for."""

_BY_TYPE = {
    CHANGE_TYPE.encode(): b"changes",
    TRIGGER_TYPE.encode(): b"campaigns",
    DECISION_TYPE.encode(): b"risk",
    ALERT_TYPE.encode(): b"risk",
}

STATE = b"state"
"""What a state is sealed for."""

_FIELD = b'"sealed"'  # in no text: quotes have backslashes there
_decode_outline = msgspec.json.Decoder(Outline).decode
_decode_sealed = msgspec.json.Decoder(SealedMessage).decode
_decode_candidate = msgspec.json.Decoder(CandidateMessage).decode


def sealed_message(value: bytes, cipher: Cipher, output: str) -> bytes:
    """Gives the message that goes out instead of a tier change, a trigger or a risk message."""
    about, sealed = outline_of(value), cipher.seal(CONTEXTS[output], value)
    return encode(SealedMessage(id=about.id, customer_id=about.customer_id, sequence=about.sequence, sealed=sealed))


def sealed_candidate(value: bytes, cipher: Cipher) -> bytes:
    """Gives a candidate whose trigger is sealed as it would go out."""
    candidate = _decode_candidate(value)
    trigger = sealed_message(bytes(candidate.trigger), cipher, "campaigns")
    return encode(msgspec.structs.replace(candidate, trigger=msgspec.Raw(trigger)))


def customer_of_candidate(value: bytes) -> bytes:
    """Gives the key of the customer whom a candidate is for. Its own key is the campaign's."""
    return _decode_candidate(value).customer_id.encode()


def sealed_trigger_of(value: bytes) -> SealedMessage | None:
    """Gives the sealed trigger of a candidate; None for one in the clear, and for what is no candidate."""
    if _FIELD not in value:
        return None
    try:
        return sealed_of(bytes(_decode_candidate(value).trigger))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def opened_candidate(value: bytes, trigger: bytes) -> bytes:
    """Gives a candidate with its trigger in the clear."""
    return encode(msgspec.structs.replace(_decode_candidate(value), trigger=msgspec.Raw(trigger)))


def outline_of(value: bytes) -> Outline:
    """Gives what a message is about, sealed or not.

    Raises:
        msgspec.DecodeError: It is none.
    """
    return _decode_outline(value)


def sealed_of(value: bytes) -> SealedMessage | None:
    """Gives a sealed message; None for one in the clear, and for what is none."""
    if _FIELD not in value:
        return None
    try:
        return _decode_sealed(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def context_of(headers: Headers) -> bytes:
    """Gives what a message was sealed for, by the header that says its type; of other records nothing can be opened."""
    for name, value in headers:
        if name == "ce_type":
            return _BY_TYPE.get(value, b"")
    return b""


def campaign_in(id_: str, customer_id: str) -> str:
    """Gives the campaign of a trigger: what stands in its id between customer and occasion."""
    return id_.removeprefix(f"{customer_id}:").rpartition(":")[0]
