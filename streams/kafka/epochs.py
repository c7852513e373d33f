"""InitProducerId v4, which aiokafka 0.14.0 does not know: a running producer raises its own epoch.

The request names the producer id and the epoch that the producer has. If another producer of the same transactional id
has started meanwhile, the broker refuses (ProducerFenced). InitProducerId v0, with which every producer starts, names
neither, and would fence that other producer (docs/adr/0006-a-late-end-is-refused.md).
"""

from typing import Any

from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.errors import IncompatibleBrokerVersion, InvalidProducerEpoch, NoError, ProducerFenced
from aiokafka.producer.sender import InitPIDHandler
from aiokafka.producer.transaction_manager import PidAndEpoch
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactString, Int16, Int32, Int64, Schema, TaggedFields

PRODUCER_FENCED = 90  # unknown to aiokafka
_TAGS = ("tags", TaggedFields)


class InitProducerIdResponse_v4(Response):  # type: ignore[misc]  # noqa: N801 - named as aiokafka names them
    """The answer: the producer id, and the raised epoch."""

    API_KEY = 22
    API_VERSION = 4
    SCHEMA = Schema(
        ("throttle_time_ms", Int32), ("error_code", Int16), ("producer_id", Int64), ("producer_epoch", Int16), _TAGS
    )


class InitProducerIdRequest_v4(RequestStruct):  # type: ignore[misc]  # noqa: N801 - as above
    """The question as it goes over the wire."""

    FLEXIBLE_VERSION = True
    API_KEY = 22
    API_VERSION = 4
    RESPONSE_TYPE = InitProducerIdResponse_v4
    SCHEMA = Schema(
        ("transactional_id", CompactString("utf-8")),
        ("transaction_timeout_ms", Int32),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        _TAGS,
    )


class RaiseRequest(Request[InitProducerIdRequest_v4]):  # type: ignore[misc]
    """The question: may the producer that has this producer id and this epoch go on with a higher epoch?"""

    API_KEY = 22

    def __init__(self, manager: Any) -> None:
        self._fields = (
            manager.transactional_id,
            manager.transaction_timeout_ms,
            manager.producer_id,
            manager.producer_epoch,
        )

    def build(self, request_struct_class: type[InitProducerIdRequest_v4]) -> InitProducerIdRequest_v4:
        """Makes what goes over the wire."""
        return request_struct_class(*self._fields, {})


class _RaiseHandler(InitPIDHandler):  # type: ignore[misc]
    # The connection of the requests that begin and end transactions.
    group = ConnectionGroup.COORDINATION

    def create_request(self) -> RaiseRequest:
        return RaiseRequest(self._sender._txn_manager)

    def handle_response(self, response: Any) -> float | None:
        """Takes the new epoch over; gives a pause in seconds if the question is to be asked again."""
        if response.error_code == NoError.errno:
            go_on_as(self._sender._txn_manager, response.producer_id, response.producer_epoch)
            return None
        if response.error_code in {PRODUCER_FENCED, InvalidProducerEpoch.errno}:
            raise ProducerFenced
        pause_s: float | None = super().handle_response(response)
        return pause_s


def go_on_as(manager: Any, producer_id: int, epoch: int) -> None:
    """Lets a producer go on with an epoch that the broker gave it. manager: aiokafka's, of its transactions."""
    manager._pid_and_epoch = PidAndEpoch(producer_id, epoch)
    manager._sequence_numbers.clear()  # the broker expects the records of a new epoch to count from 0


async def raise_epoch(sender: Any) -> None:
    """Raises the epoch of a producer that has no open transaction. sender: aiokafka's, of that producer.

    It asks until the broker answers: the caller sets a deadline.

    Raises:
        ProducerFenced: Another producer of the same transactional id has started.
        IncompatibleBrokerVersion: The broker is older than Kafka 2.7.
        KafkaError: The broker refuses for another reason.
    """
    key = sender._txn_manager.transactional_id
    raised = False
    while not raised:
        node = await sender._find_coordinator(CoordinationType.TRANSACTION, key)
        try:
            raised = await _RaiseHandler(sender).do(node)
        except NotImplementedError as error:  # what aiokafka raises for a version that the broker does not have
            raise IncompatibleBrokerVersion(
                f"the end of a transaction of {key} was not answered at first; to go on safely with the same producer "
                "needs Kafka 2.7 or newer"
            ) from error
