"""What stays in the clear of a sealed message (docs/messages.md#sealed-messages). Structs alone."""

import msgspec


class Outline(msgspec.Struct, frozen=True):
    """What a message is about. `sequence`: the number of a tier change or of a trigger; risk messages have none."""

    id: str
    customer_id: str
    sequence: int | msgspec.UnsetType = msgspec.UNSET


class SealedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message of an output whose value is sealed by a key of its customer (docs/privacy.md#how-it-is-sealed).

    `sealed`, in base64, is the whole message, `id` and the like included.
    """

    id: str
    customer_id: str
    sequence: int | msgspec.UnsetType = msgspec.UNSET
    sealed: bytes
