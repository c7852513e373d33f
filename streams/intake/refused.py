"""The errors by which the parts of a mapping refuse a value or a record; source.py makes Refusals of them."""

from streams.intake.record import RefusalReason


class RefusedError(ValueError):
    """It cannot be mapped. The message says why, and where that can be told what to write.

    field: the one that it is about, where who catches it does not know.
    """

    reason: RefusalReason = "invalid_field"

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class MalformedError(RefusedError):
    """The bytes are not of the format."""

    reason: RefusalReason = "malformed"


class UnknownSchemaError(RefusedError):
    """The registry does not have the schema that the bytes name."""

    reason: RefusalReason = "unknown_schema"


class DeletedError(RefusedError):
    """A row was deleted, and the mapping does not say what that means."""

    reason: RefusalReason = "deleted"


class MissingError(RefusedError):
    """A field is needed, and there is nothing at its path."""

    reason: RefusalReason = "missing_field"


class UnknownCodeError(RefusedError):
    """A word is in no code table."""

    reason: RefusalReason = "unknown_code"
