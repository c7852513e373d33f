"""The schemas of a registry, by their numbers, as far as they are known here: filled from outside, read by formats.

A number always names the same schema. So what is known once stays, and a record is decoded the same whenever that is.
"""

from typing import NamedTuple

from streams.intake.refused import UnknownSchemaError


class RegisteredSchema(NamedTuple):
    """A schema as the registry has it. kind: AVRO, PROTOBUF or JSON.

    imports: the schemas that it refers to, each with the name by which it is referred to; none before those that it
    refers to itself.
    """

    kind: str
    text: str
    imports: tuple[tuple[str, str], ...] = ()


class Schemas:
    """What is known: a schema, or that the registry has none of a number."""

    def __init__(self) -> None:
        self._known: dict[int, RegisteredSchema | None] = {}

    def put(self, number: int, schema: RegisteredSchema | None) -> None:
        """Notes the answer of the registry. None: it has none of this number."""
        self._known[number] = schema

    def is_known(self, number: int) -> bool:
        """Says whether a record of this number can be decoded, or refused."""
        return number in self._known

    def of(self, number: int) -> RegisteredSchema:
        """Gives a schema.

        Raises:
            UnknownSchemaError: The registry has none of this number.
            LookupError: Nobody has asked it yet: whoever decodes has to (stages/sources.py).
        """
        schema = self._known[number]
        if schema is None:
            raise UnknownSchemaError(f"the registry has no schema {number}, or not all that it refers to")
        return schema
