"""Templates: the JSON of a message (outputs.py) in which all that is the same every time is written already.

A template is made of the message's struct by msgspec itself, so the struct alone says which fields there are, in what
order, by what names, and what is left out. `template % (...)` then writes one message; what is filled in is JSON.
"""

import re

import msgspec

encode = msgspec.json.Encoder().encode

NULL = encode(None)

OPTIONAL = object()
"""Stands for a field that some messages have and others have not: `optional` makes what fills it."""

# JSON holds no such byte, wherever it comes from.
_SLOT = b"\0"
_OPTIONAL_SLOT = b"\0?"
_OPTIONAL_FIELD = re.compile(rb'"\w+":\0\?,')


def template(message: type[msgspec.Struct], **constant: object) -> bytes:
    """Gives the JSON of a message with a %b for each field that is not constant, in the order of the struct's fields.

    constant: fields by name, as the struct takes them; UNSET for one that is always left out, OPTIONAL for one that is
    not constant but may be left out (any but the last).
    """
    fields: dict[str, object] = dict.fromkeys(message.__struct_fields__, msgspec.Raw(_SLOT))
    for name, value in constant.items():
        fields[name] = msgspec.Raw(_OPTIONAL_SLOT) if value is OPTIONAL else value
    written = encode(message(**fields)).replace(b"%", b"%%")
    return _OPTIONAL_FIELD.sub(b"%b", written).replace(_SLOT, b"%b")


def slots(part: type[msgspec.Struct]) -> msgspec.Raw:
    """Gives a part of a message, none of whose fields is constant, as a constant for `template`."""
    return msgspec.Raw(encode(part(**dict.fromkeys(part.__struct_fields__, msgspec.Raw(_SLOT)))))


def optional(name: str, value: bytes) -> bytes:
    """Gives what fills the place of an optional field of this name; where there is no value, b"" does."""
    return b'"%b":%b,' % (name.encode(), value)
