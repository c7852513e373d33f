"""An error is named with what it says, once, and never by nothing."""

import asyncio
import re
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, NotLeaderForPartitionError, RequestTimedOutError

import streams
from streams.errors import named
from streams.kafka.patience import answered_within
from streams.partition.partition import ForeignRecordError


def after(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (OSError("7 is none"), "OSError: 7 is none"),
        (ForeignRecordError("no record of ours"), "ForeignRecordError: no record of ours"),
        (ValueError("C0077"), "ValueError"),  # whose text may be a customer's
        (KeyError(b"C0077"), "KeyError"),
        (ValueError(""), "ValueError"),
        (TimeoutError(), "TimeoutError: no answer came in time"),
        (TimeoutError(" "), "TimeoutError: no answer came in time"),
        (
            ConnectionResetError(104, "Connection reset by peer"),
            "ConnectionResetError: [Errno 104] Connection reset by peer",
        ),
        (KafkaTimeoutError("nothing within 8 s"), "KafkaTimeoutError: nothing within 8 s"),
        (NotLeaderForPartitionError(), "NotLeaderForPartitionError: [Error 6] NotLeaderForPartitionError"),
        (KafkaConnectionError(), "KafkaConnectionError"),
        (after(RequestTimedOutError(), TimeoutError()), "RequestTimedOutError: [Error 7] RequestTimedOutError"),
        (after(OSError(), OSError("7 is none")), "OSError, after OSError: 7 is none"),
        (after(OSError(), ValueError("C0077")), "OSError, after ValueError"),
        (after(TimeoutError(), asyncio.CancelledError()), "TimeoutError: no answer came in time"),
    ],
)
def test_an_error_is_named_with_what_it_says(error: Exception, name: str) -> None:
    assert named(error) == name


async def test_a_time_that_is_over_says_what_was_waited_for_and_how_long() -> None:
    with pytest.raises(KafkaTimeoutError, match=r"nobody has come within 0\.01 s$"):
        async with answered_within(0.01, "nobody has come"):
            await asyncio.Event().wait()


async def test_another_time_that_is_over_is_not_taken_for_it() -> None:
    with pytest.raises(TimeoutError) as caught:
        async with answered_within(10, "nobody has come"):
            raise TimeoutError
    assert not isinstance(caught.value, KafkaTimeoutError)


def test_no_message_puts_an_error_together_by_itself() -> None:
    apart = re.compile(r"type\((\w+)\)\.__name__\}: \{\1\}|: %s: %s\", type\(\w+\)\.__name__, \w+[,)]")
    root = Path(streams.__file__).parent
    assert [path.name for path in root.rglob("*.py") if apart.search(path.read_text())] == []
