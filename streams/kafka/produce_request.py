"""The request that brings record batches to a broker, encoded by one join.

aiokafka 0.14.0 encodes a request from the inside out: each of its six levels copies the batches, megabytes of them,
once more. This one has the same bytes (tests/kafka/test_produce_request.py).
"""

from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.types import Int16, Int32, String

_SAME_FORM_FROM = 3  # before that there were no transactions
_string = String("utf-8").encode


class JoinedProduceRequest(ProduceRequest):  # type: ignore[misc]
    """A ProduceRequest whose batches are copied once."""

    @classmethod
    def of(cls, request: ProduceRequest) -> "JoinedProduceRequest":
        """Gives the same request in this form."""
        return cls(request._transactional_id, request.required_acks, request._timeout, request._topics)  # noqa: SLF001

    def build(self, request_struct_class: type) -> object:
        """Gives its form for what the broker understands."""
        return super().build(_JOINED.get(request_struct_class, request_struct_class))


class _Joined:
    def encode(self) -> bytes:
        said = self.__dict__
        parts = [_string(said["transactional_id"]), Int16.encode(said["required_acks"]), Int32.encode(said["timeout"])]
        parts.append(Int32.encode(len(said["topics"])))
        for topic, partitions in said["topics"]:
            parts += _string(topic), Int32.encode(len(partitions))
            for number, batch in partitions:
                parts += Int32.encode(number), Int32.encode(len(batch)), batch
        return b"".join(parts)


_JOINED = {
    form: type(form.__name__, (_Joined, form), {})
    for form in ProduceRequest._CLASSES  # noqa: SLF001 - of each version
    if form.API_VERSION >= _SAME_FORM_FROM
}
