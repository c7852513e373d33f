"""Dead letters of what comes in from a bank's own topics, and the headers that say which record a message came of."""

from typing import Any

from msgspec import UNSET

from streams.contracts.envelope import Headers
from streams.contracts.letters import bytes_fields
from streams.contracts.log import encode_json
from streams.contracts.outputs import SourceDeadLetterMessage
from streams.partition.source_records import Origin, Why

POSITION, MAPPING = "source-position", "source-mapping"
"""Headers of what comes of a source: topic/partition/offset/number, and the mark of the mapping."""


def source_headers(source: Origin, offset: int, number: int) -> Headers:
    """Gives the headers of a message. number: how many the record had given before."""
    position = f"{source.topic}/{source.partition}/{offset}/{number}"
    return [(POSITION, position.encode()), (MAPPING, source.mark)]


def source_letter(source: Origin, record: Any, why: Why) -> bytes:
    """Makes a letter. record: of any reader: aiokafka's, a bare or a large one."""
    return encode_json(
        SourceDeadLetterMessage(
            source=source.name,
            mapping=source.mark.decode(),
            topic=source.topic,
            partition=source.partition,
            offset=record.offset,
            item=UNSET if why.item is None else why.item,
            reason=why.reason,
            detail=why.detail,
            field=why.field or UNSET,
            path=why.path or UNSET,
            timestamp_ms=UNSET if record.timestamp is None else record.timestamp,
            **bytes_fields(record.key, record.value, why.clipped, source.letter_bytes),
        )
    )
