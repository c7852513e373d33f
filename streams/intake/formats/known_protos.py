"""Files of Protobuf that a schema may import without its registry having them: Google's own, and Confluent's.

Of google/type and confluent those messages are here that a bank's records are made of; what is only options is empty.
"""

from collections.abc import Mapping
from importlib import import_module

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

# Each behind those that it imports.
_GOOGLE = ("any", "descriptor", "duration", "empty", "field_mask", "source_context", "struct", "timestamp", "wrappers")
_TYPES = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "uint32": FieldDescriptorProto.TYPE_UINT32,
}
_OPTIONAL = FieldDescriptorProto.LABEL_OPTIONAL


def _file(path: str, name: str = "", fields: Mapping[str, str] | None = None) -> FileDescriptorProto:
    """Makes a file with one message, whose fields are numbered from 1; without a name one that is empty."""
    package = path.rpartition("/")[0].replace("/", ".")
    made = FileDescriptorProto(name=path, package=package, syntax="proto3")
    if name:
        message = made.message_type.add(name=name)
        for number, (field, kind) in enumerate((fields or {}).items(), 1):
            message.field.add(name=field, number=number, type=_TYPES[kind], label=_OPTIONAL)
    return made


def _googles(name: str) -> FileDescriptorProto:
    file = FileDescriptorProto()
    import_module(f"google.protobuf.{name}_pb2").DESCRIPTOR.CopyToProto(file)
    return file


KNOWN: dict[str, FileDescriptorProto] = {
    file.name: file
    for file in (
        *map(_googles, (*_GOOGLE, "type", "api")),
        _file("google/type/date.proto", "Date", {"year": "int32", "month": "int32", "day": "int32"}),
        _file("google/type/decimal.proto", "Decimal", {"value": "string"}),
        _file("google/type/money.proto", "Money", {"currency_code": "string", "units": "int64", "nanos": "int32"}),
        _file("confluent/type/decimal.proto", "Decimal", {"value": "bytes", "precision": "uint32", "scale": "int32"}),
        _file("confluent/meta.proto"),
    )
}
"""By the paths by which they are imported."""
