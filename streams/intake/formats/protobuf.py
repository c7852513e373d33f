"""Protobuf behind the head of a registry's serializer, read by the schema that it was written by.

https://protobuf.dev/programming-guides/encoding. The registry gives a schema as a descriptor (`format=serialized`, as
Confluent's own client for Python asks for it), so no text of one is compiled here. Google's library reads the bytes; a
message becomes a row by its descriptor: names as the schema has them.
"""

from base64 import b64decode
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from streams.intake.formats.connect import Convert
from streams.intake.formats.known_protos import KNOWN
from streams.intake.formats.proto_values import message_reader
from streams.intake.formats.wire import framed
from streams.intake.refused import MalformedError, RefusedError
from streams.intake.schemas import Schemas

KIND = "PROTOBUF"
_INDEXES_LIMIT, _VARINT_BYTES = 100, 5
_FAULTS = (RefusedError, ValueError, TypeError, ArithmeticError, LookupError)
_Reader = tuple[type[Message], Convert]


class ProtobufReader:
    """Reads values by the schemas of a registry; each is made into classes once."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._files: dict[int, tuple[FileDescriptorProto, DescriptorPool]] = {}
        self._readers: dict[tuple[int, tuple[int, ...]], _Reader] = {}

    def read(self, value: bytes) -> Any:
        """Reads a value.

        Raises:
            MalformedError: It is none, or not what its schema says.
            UnknownSchemaError: The registry does not have its schema.
        """
        number, rest = framed(value)
        indexes, begins_at = message_indexes(rest)
        message, convert = self._readers.get((number, indexes)) or self._make(number, indexes)
        try:
            return convert(message.FromString(rest[begins_at:]))
        except (DecodeError, *_FAULTS) as error:
            raise MalformedError(f"it is not what its schema {number} says: {error}") from error

    def _make(self, number: int, indexes: tuple[int, ...]) -> _Reader:
        file, pool = self._files.get(number) or self._load(number)
        try:
            descriptor = pool.FindMessageTypeByName(_name_of(file, indexes))
        except LookupError as error:
            raise MalformedError(f"its schema {number} has no message of the number {indexes}") from error
        made = self._readers[number, indexes] = GetMessageClass(descriptor), message_reader(descriptor, {})
        return made

    def _load(self, number: int) -> tuple[FileDescriptorProto, DescriptorPool]:
        schema = self._schemas.of(number)
        if schema.kind != KIND:
            raise MalformedError(f"its schema {number} is one of {schema.kind}, not of Protobuf; write another format")
        pool = DescriptorPool()
        try:
            imported = {name: _file_of(name, text) for name, text in schema.imports}
            file = _file_of(f"tierflow/{number}.proto", schema.text)
            _add(file, pool, imported, set())
        except (DecodeError, *_FAULTS) as error:
            raise MalformedError(f"its schema {number} cannot be read: {error}") from error
        self._files[number] = file, pool
        return file, pool


def message_indexes(rest: bytes) -> tuple[tuple[int, ...], int]:
    """Reads which message of its file a value is, from the outermost to the innermost, and where the message begins.

    Raises:
        MalformedError: There is nothing like that.
    """
    count, at = _zigzag(rest, 0)
    if count == 0:  # short for the first message
        return (0,), at
    if not 0 < count <= _INDEXES_LIMIT:
        raise MalformedError("behind the number of its schema stands no number of a message")
    indexes = []
    for _ in range(count):
        index, at = _zigzag(rest, at)
        indexes.append(index)
    return tuple(indexes), at


def _zigzag(rest: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift, byte in enumerate(rest[at : at + _VARINT_BYTES]):
        number |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return (number >> 1) ^ -(number & 1), at + shift + 1
    raise MalformedError("it ends behind the number of its schema")


def _file_of(name: str, text: str) -> FileDescriptorProto:
    file = FileDescriptorProto.FromString(b64decode(text, validate=True))
    file.name = name
    return file


def _add(
    file: FileDescriptorProto, pool: DescriptorPool, imported: dict[str, FileDescriptorProto], added: set[str]
) -> None:
    """Adds a file to a pool, and before it what it imports."""
    added.add(file.name)
    for name in file.dependency:
        found = imported.get(name) or KNOWN.get(name)
        if found is None:
            raise LookupError(f"it imports {name}, which the registry does not name as a reference")
        if name not in added:
            _add(found, pool, imported, added)
    pool.Add(file)


def _name_of(file: FileDescriptorProto, indexes: tuple[int, ...]) -> str:
    if min(indexes) < 0:
        raise LookupError
    found = file.message_type[indexes[0]]
    names = [file.package, found.name] if file.package else [found.name]
    for index in indexes[1:]:
        found = found.nested_type[index]
        names.append(found.name)
    return ".".join(names)
