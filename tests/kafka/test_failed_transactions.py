"""What a failed transaction leaves in memory: nothing, without waiting for Python to look for circles."""

import gc
import weakref

import pytest
from aiokafka.errors import KafkaTimeoutError

from streams.kafka.producers import ProducersInTurn, TransactionFailedError


class States:
    """Stands for the states of a partition."""


async def commit() -> None:
    raise KafkaTimeoutError


async def fails(states: States) -> None:
    """Fails as a commit does, while the states are at hand."""
    try:
        await commit()
    except KafkaTimeoutError as error:
        await ProducersInTurn({}, "lane", "partition 0")._raise(error)
    assert states


async def test_the_states_of_a_failed_transaction_do_not_stay_in_memory() -> None:
    gc.disable()
    try:
        states = States()
        known = weakref.ref(states)
        with pytest.raises(TransactionFailedError, match="partition 0: KafkaTimeoutError"):
            await fails(states)
        del states
        assert known() is None
    finally:
        gc.enable()
