"""What a broker will never take, however often it is sent: told apart from what may heal, and put into words."""

from collections.abc import Mapping
from typing import Any

from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import BrokerResponseError, KafkaError

from streams.errors import UsageError, named
from streams.kafka.admin import configs_of
from streams.kafka.refusals import forbidden

MAX_MESSAGE_BYTES = "max.message.bytes"


class InvalidRecordError(BrokerResponseError):  # type: ignore[misc]
    """The broker's INVALID_RECORD, which aiokafka 0.14.0 does not know."""

    errno = 87
    message = "INVALID_RECORD"
    description = "The broker refuses a record by a rule of the topic, such as compaction, which wants keys."


errors.kafka_errors.setdefault(InvalidRecordError.errno, InvalidRecordError)

_TOO_LARGE = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)
FORBIDDEN = (
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.TransactionalIdAuthorizationFailed,
)
NEVER_TAKEN = (
    *_TOO_LARGE,
    *FORBIDDEN,
    InvalidRecordError,
    errors.InvalidTopicError,
    errors.InvalidTransactionTimeout,
    errors.PolicyViolationError,
    errors.UnsupportedForMessageFormatError,
)


class NeverTakenError(UsageError):
    """The broker will never take what was sent: somebody has to set right what the message says."""


class RefusedBatchError(KafkaError):  # type: ignore[misc]
    """A record batch was refused for a reason of NEVER_TAKEN."""

    def __init__(self, error: BaseException, topic: str, partition: int, size: int, records: int) -> None:
        """Takes the broker's error. size: of the batch, in bytes; records: how many it has."""
        self.error = error
        self.topic = topic
        what = "a record" if records == 1 else f"a batch of {records:,} records"
        self.refused = f"{topic} partition {partition} refuses {what}, {size:,} bytes"
        super().__init__(f"{self.refused} ({named(error)})")


async def never_taken(error: BaseException, client_options: Mapping[str, Any], where: str) -> NeverTakenError | None:
    """Gives the error to end with where the broker will never take what it refused; None where that may heal.

    where: the beginning of the sentence, such as "partition 3".
    """
    refused = error if isinstance(error, RefusedBatchError) else None
    cause = error if refused is None else refused.error
    if not isinstance(cause, NEVER_TAKEN):
        return None
    what = f"Kafka refuses what is sent ({cause})" if refused is None else refused.refused
    return NeverTakenError(f"{where}: {what} ({type(cause).__name__}); {await _mend(cause, refused, client_options)}")


async def _mend(cause: BaseException, refused: RefusedBatchError | None, client_options: Mapping[str, Any]) -> str:
    if isinstance(cause, _TOO_LARGE):
        topic = "the topic" if refused is None else refused.topic
        limit = None if refused is None else await _limit(refused.topic, client_options)
        now = "" if limit is None else f", which is {int(limit):,}"
        return (
            f"sent again it would be refused again: raise max.message.bytes of {topic}{now} (tierflow topics check "
            "says how far), then start again"
        )
    lacking = forbidden(cause, "WRITE")
    if lacking is not None:
        return f"{lacking}; then start again"
    return "sent again it would be refused again: look at the topic's settings and the broker's log, then start again"


async def _limit(topic: str, client_options: Mapping[str, Any]) -> str | None:
    admin = AIOKafkaAdminClient(**client_options)
    try:
        await admin.start()
        found = (await configs_of(admin, [topic], MAX_MESSAGE_BYTES))[topic]
    except (KafkaError, OSError, TimeoutError):
        return None  # the sentence does without it
    finally:
        await admin.close()
    return found.get(MAX_MESSAGE_BYTES)
