"""The request of our own has aiokafka's bytes, and is the one that is sent. Fails after an upgrade."""

from typing import Any

import pytest
from aiokafka.protocol.produce import ProduceRequest

from streams.kafka.produce_request import JoinedProduceRequest
from streams.kafka.transactional import TransactionalProducer
from streams.settings import Settings

VERSIONS = {0: (0, 11)}
TOPICS: list[Any] = [("bank.loans", [(3, b"batch"), (0, bytearray(b"x" * 70_000))]), ("größer", [(7, b"")])]


@pytest.mark.parametrize("topics", [TOPICS, [], [("empty", [])]])
@pytest.mark.parametrize("name", ["bank-0-a", None])
@pytest.mark.parametrize("newest", [3, 4, 5, 6, 7, 8, 11])
def test_it_has_the_bytes_of_aiokafkas(topics: list[Any], name: str | None, newest: int) -> None:
    own = ProduceRequest(name, -1, 40_000, topics)
    form, ours = own.prepare({0: (0, newest)}), JoinedProduceRequest.of(own).prepare({0: (0, newest)})
    assert type(ours).__mro__[1].__name__ == "_Joined"
    assert ours.encode() == form.encode()
    assert (ours.API_KEY, ours.API_VERSION, ours.RESPONSE_TYPE) == (0, form.API_VERSION, form.RESPONSE_TYPE)
    assert ours.build_request_header(5, "us").encode() == form.build_request_header(5, "us").encode()
    assert repr(ours) == repr(form)


async def test_a_producer_sends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    async def send(_: object, request: object, **__: Any) -> None:
        sent.append(request)

    producer = TransactionalProducer(Settings.from_environment({}).client_options(), "test")
    monkeypatch.setattr(producer, "_send_unwatched", send)
    await producer.client.send(1, ProduceRequest("test", -1, 40_000, TOPICS))
    [request] = sent
    assert isinstance(request, JoinedProduceRequest)
    assert request.required_acks == -1
    await producer.client.close()
