"""The producer of all transactions on a real broker: it raises its own epoch, and takes nobody else's."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, KafkaTimeoutError, ProducerFenced

from streams.kafka import transactional as module
from streams.kafka.producers import ProducersInTurn, TransactionFailedError
from streams.kafka.transactional import FAILURES, TransactionalProducer
from streams.settings import Settings
from tests.support.batches import NUMBER, read

mended = pytest.mark.parametrize("protocol", [1], indirect=True)  # the second one needs no mend


@asynccontextmanager
async def running(settings: Settings, on_epoch_raised: Callable[[], None] = lambda: None) -> AsyncIterator[Any]:
    producer = TransactionalProducer(
        settings.client_options(), f"{settings.app_id}-test", on_epoch_raised, retry_backoff_ms=5
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.close()


def sending(settings: Settings, *values: bytes) -> Callable[[Any], Any]:
    async def send(producer: Any) -> None:
        for value in values:
            await producer.send_and_wait(settings.changelog_topic, value, key=b"k", partition=NUMBER)

    return send


async def committed(settings: Settings) -> list[bytes]:
    return [record.value for record in await read(settings, settings.changelog_topic)]


def identity(producer: Any) -> tuple[int, int]:
    return producer._txn_manager.producer_id, producer._txn_manager.producer_epoch


async def test_where_every_end_is_answered_none_raises_the_epoch_itself(settings: Settings, protocol: int) -> None:
    raised: list[None] = []
    async with running(settings, lambda: raised.append(None)) as producer:
        producer_id, epoch = identity(producer)
        for value in (b"1", b"2", b"3"):
            await producer.commit(sending(settings, value))
        await producer.abort(sending(settings, b"4"))
        assert identity(producer) == (producer_id, epoch + {1: 0, 2: 4}[protocol])
    assert not raised
    assert await committed(settings) == [b"1", b"2", b"3"]


@mended
@pytest.mark.usefixtures("protocol")
async def test_it_raises_its_own_epoch_once_and_goes_on(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    raised: list[None] = []
    async with running(settings, lambda: raised.append(None)) as producer:
        await producer.commit(sending(settings, b"1", b"2"))
        producer_id, epoch = identity(producer)
        producer._may_end_late = True
        await producer.commit(sending(settings, b"3", b"4"))
        await producer.abort(sending(settings, b"5"))
        await producer.commit(sending(settings, b"6"))
        assert identity(producer) == (producer_id, epoch + 1)
    assert await committed(settings) == [b"1", b"2", b"3", b"4", b"6"]
    assert len(raised) == 1
    [message] = [record.getMessage() for record in caplog.records if record.name == module.__name__]
    assert message.startswith(f"{settings.app_id}-test: the end of a transaction was not answered at first; ")
    assert f"the epoch is {epoch + 1} from now on" in message


async def test_one_that_was_overtaken_is_refused_and_its_successor_commits(settings: Settings, protocol: int) -> None:
    async with running(settings) as former:
        await former.commit(sending(settings, b"1"))
        async with running(settings) as successor:
            former._may_end_late = protocol == 1
            with pytest.raises(ProducerFenced):
                await former.commit(sending(settings, b"2"))
            await successor.commit(sending(settings, b"3"))
    assert await committed(settings) == [b"1", b"3"]


@mended
@pytest.mark.usefixtures("protocol")
async def test_one_that_was_overtaken_commits_no_half_of_what_its_successor_has_open(settings: Settings) -> None:
    """The broker ends what is open under a transactional id before it looks at the epoch, and fences both."""
    async with running(settings) as former:
        await former.commit(sending(settings, b"1"))
        async with running(settings) as successor:
            await successor.begin_transaction()
            await sending(settings, b"half")(successor)
            former._may_end_late = True
            with pytest.raises(ProducerFenced):
                await former.commit(sending(settings, b"2"))
            with pytest.raises(KafkaError):
                await successor.commit_transaction()
    async with running(settings) as third:
        await third.commit(sending(settings, b"3"))
    assert await committed(settings) == [b"1", b"3"]


@mended
@pytest.mark.usefixtures("protocol")
async def test_on_an_older_broker_another_producer_takes_its_place(settings: Settings) -> None:
    producers = ProducersInTurn(settings.client_options(), f"{settings.app_id}-test", "somewhere")
    await producers.start()
    try:
        await producers.commit(sending(settings, b"1"))
        [producer, _] = producers._producers
        for connection in producer.client._conns.values():
            connection._versions[22] = (0, 3)
        producer._may_end_late = True
        await producers.commit(sending(settings, b"2"))
        with pytest.raises(TransactionFailedError, match=r"^somewhere: IncompatibleBrokerVersion: .*needs Kafka 2\.7"):
            await producers.commit(sending(settings, b"3"))
        with pytest.raises(IncompatibleBrokerVersion):
            await producer.begin_transaction()
    finally:
        await producers.stop()
    assert await committed(settings) == [b"1", b"2"]


@pytest.mark.usefixtures("protocol")
async def test_what_is_refused_is_aborted_at_once(settings: Settings) -> None:
    async with running(settings) as producer:
        with pytest.raises(KafkaError, match="MessageSizeTooLarge"):
            await producer.commit_or_abort(sending(settings, b"1", bytes(2 << 20)))
        assert await committed(settings) == []  # which waits for what is open
        await producer.commit_or_abort(sending(settings, b"2"))
    assert await committed(settings) == [b"2"]


@pytest.mark.usefixtures("protocol")
async def test_past_the_deadline_it_is_given_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEADLINE_S", 0.001)
    async with running(settings) as producer:
        for method in (producer.commit, producer.commit_or_abort, producer.abort):
            with pytest.raises(FAILURES) as raised:
                await method(sending(settings, b"1", b"2", b"3"))
            assert method != producer.commit or raised.type is KafkaTimeoutError
    monkeypatch.undo()
    async with running(settings):
        assert await committed(settings) == []
