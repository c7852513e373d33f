"""Protobuf as producers write it: a file of a core's messages as a descriptor, and bytes behind a registry's head."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from google.protobuf import json_format, text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from streams.intake.formats.known_protos import KNOWN
from tests.support.avro import framed

TYPES = {"int64": "TYPE_INT64", "string": "TYPE_STRING", "bytes": "TYPE_BYTES", "double": "TYPE_DOUBLE"}
BOOKING = """
name: "booking.proto" package: "core" syntax: "proto3"
dependency: "google/protobuf/timestamp.proto"
dependency: "google/type/money.proto"
dependency: "confluent/meta.proto"
message_type { name: "Other" }
message_type {
  name: "Booking"
  field { name: "id" number: 1 type: TYPE_INT64 label: LABEL_OPTIONAL }
  field { name: "owner" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "account" number: 3 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "kind" number: 4 type: TYPE_ENUM type_name: ".core.Booking.Kind" label: LABEL_OPTIONAL }
  field { name: "paid" number: 5 type: TYPE_MESSAGE type_name: ".google.type.Money" label: LABEL_OPTIONAL }
  field { name: "at" number: 6 type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" label: LABEL_OPTIONAL }
  field {
    name: "channel" number: 7 type: TYPE_STRING label: LABEL_OPTIONAL proto3_optional: true oneof_index: 0
  }
  oneof_decl { name: "_channel" }
  enum_type { name: "Kind" value { name: "PUR" number: 0 } value { name: "DEP" number: 1 } }
  nested_type {
    name: "Inner"
    field { name: "id" number: 1 type: TYPE_INT64 label: LABEL_OPTIONAL }
    nested_type {
      name: "Deepest"
      field { name: "id" number: 1 type: TYPE_INT64 label: LABEL_OPTIONAL }
    }
  }
}
"""
FIRST = b"\0"
"""The message indexes of the first message of a file."""


def file_of(text: str) -> FileDescriptorProto:
    return text_format.Parse(text, FileDescriptorProto())


def serialized(text: str) -> str:
    return b64encode(file_of(text).SerializeToString()).decode()


def file_with(fields: str, more: str = "", dependencies: Sequence[str] = ()) -> str:
    """A file whose first message is M. fields, more: text forms of what stands in the message, and beside it."""
    imported = "".join(f'dependency: "{name}" ' for name in dependencies)
    return f'name: "m.proto" syntax: "proto3" {imported} message_type {{ name: "M" {fields} }} {more}'


def body_of(text: str, name: str, value: Any, imported: Sequence[str] = ()) -> bytes:
    """The bytes of a message, given as JSON of Protobuf."""
    pool = DescriptorPool()
    for known in KNOWN.values():
        pool.Add(known)
    for other in (*imported, text):
        pool.Add(file_of(other))
    message = GetMessageClass(pool.FindMessageTypeByName(name))()
    json_format.ParseDict(value, message, descriptor_pool=pool)
    return message.SerializeToString()


def written(text: str, name: str, value: Any, indexes: bytes = FIRST, number: int = 1) -> bytes:
    return framed(number, indexes + body_of(text, name, value))
