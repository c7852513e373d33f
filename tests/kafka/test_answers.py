"""Answers are read as asyncio's own reader reads them, and by every connection. Fails after an upgrade of either."""

import asyncio
from itertools import accumulate, pairwise, takewhile

import pytest
from aiokafka.conn import create_conn
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.answers import AnswerReader
from streams.settings import Settings
from tests.support.laws import laws

sizes = st.lists(st.integers(1, 40), max_size=12)


def cut(data: bytes, parts: list[int]) -> list[bytes]:
    return [data[begin:end] for begin, end in pairwise([0, *accumulate(parts)])]


class Flow(asyncio.ReadTransport):
    """A transport that notes whether it reads."""

    on = True

    def pause_reading(self) -> None:
        self.on = False

    def resume_reading(self) -> None:
        self.on = True


@laws(100)
@given(sizes, sizes)
def test_what_was_sent_is_read_however_it_is_cut(sent: list[int], read: list[int]) -> None:
    async def all_is_read() -> None:
        reader, data = AnswerReader(20, asyncio.get_running_loop()), bytes(range(240)) * 2
        reader.set_transport(Flow())

        async def feed() -> None:
            for piece in cut(data, sent):
                reader.feed_data(piece)
                await asyncio.sleep(0)
            reader.feed_eof()

        feeding = asyncio.create_task(feed())
        taken = list(takewhile(lambda end: end <= sum(sent), accumulate(read)))
        for begin, end in pairwise([0, *taken]):
            assert await reader.readexactly(end - begin) == data[begin:end]
        with pytest.raises(asyncio.IncompleteReadError) as ended:
            await reader.readexactly(sum(sent) + 1)
        assert ended.value.partial == data[max(taken, default=0) : sum(sent)]
        await feeding

    asyncio.run(all_is_read())


async def test_more_than_is_waited_for_is_not_read_before_it_is_wanted() -> None:
    reader, flow = AnswerReader(10, asyncio.get_running_loop()), Flow()
    reader.set_transport(flow)
    waiting = asyncio.create_task(reader.readexactly(100))
    await asyncio.sleep(0)
    reader.feed_data(b"a" * 99)
    assert flow.on
    reader.feed_data(b"a" + b"b" * 21)
    assert not flow.on
    assert await waiting == b"a" * 100
    assert not flow.on
    assert await reader.readexactly(11) == b"b" * 11
    assert flow.on


async def test_a_lost_connection_is_told() -> None:
    reader = AnswerReader(10, asyncio.get_running_loop())
    waiting = asyncio.create_task(reader.readexactly(4))
    await asyncio.sleep(0)
    reader.set_exception(OSError("lost"))
    for read in (waiting, reader.readexactly(4)):
        with pytest.raises(OSError, match="lost"):
            await read


@pytest.mark.kafka
async def test_every_connection_has_it(settings: Settings) -> None:
    host, port = settings.bootstrap_servers.split(":")
    connection = await create_conn(host, int(port))
    assert type(connection._reader) is AnswerReader
    await connection.close()
