"""`tierflow deliver` as a process on the real broker, against a real endpoint that behaves badly."""

import asyncio
import json
import random
import signal
import time
from collections.abc import Mapping
from functools import partial
from itertools import count
from pathlib import Path
from urllib.request import urlopen

from aiohttp import web
from aiokafka import AIOKafkaProducer
from standardwebhooks import Webhook

from streams.deliver.pending import REFUSED_TRIES
from streams.kafka.local import free_port
from streams.kafka.offsets import Offsets
from streams.kafka.partitioner import partition_of
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from tests.support.deliveries import (
    PARTITIONS,
    Delivery,
    change,
    changes,
    committed,
    config,
    in_order,
    produce,
    run,
    until,
)
from tests.support.http_endpoint import SECRET, Answer, Endpoint, Request
from tests.support.own_broker import OwnBroker
from tests.support.patience import stretched

Environment = Mapping[str, str]


async def test_a_change_arrives_as_a_signed_cloud_event(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    await produce(settings, [value := change('王 "1%".x', 1)])
    async with Endpoint() as endpoint, Delivery(environment, config(tmp_path, ("crm", endpoint.url, ""))) as delivery:
        await until(lambda: endpoint.accepted, 20, "it has arrived")
        assert await delivery.end() == 0
    [request] = endpoint.requests
    assert json.loads(request.body) == value
    assert Webhook(SECRET).verify(request.body, dict(request.headers)) == value
    told = {name.lower(): text for name, text in request.headers.items()}
    assert told["ce-id"] == "%E7%8E%8B%20%221%25%22.x:1"
    assert told["webhook-id"] == "%E7%8E%8B%20%221%25%22%2Ex:1"
    assert (told["ce-specversion"], told["ce-type"]) == ("1.0", "tierflow.tier.changed.v1")
    assert (told["ce-source"], told["ce-time"]) == ("/tierflow/test", "2026-11-24T09:30:00.125+08:00")
    assert (told["ce-subject"], told["content-type"]) == ("%E7%8E%8B%20%221%25%22.x", "application/json")
    assert told["user-agent"].startswith("tierflow")


async def test_every_event_arrives_in_order_through_every_kind_of_trouble(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    chance = random.Random(7)  # noqa: S311 - repeatable, not secret
    asked_to_wait = 0

    async def trouble(request: Request) -> Answer:
        nonlocal asked_to_wait
        roll = chance.random()
        if request.number <= 3 and roll < 0.1:
            return 500
        if request.number <= 3 and roll < 0.15:
            return None
        if request.number <= 3 and roll < 0.16:
            await asyncio.sleep(1)  # longer than its timeout_s
        if roll > 0.995 and not asked_to_wait:
            asked_to_wait += 1
            return web.Response(status=429, headers={"Retry-After": "1"})
        return 200

    values = changes(customers=60, each=10)
    await produce(settings, values[:300], transaction=True)
    async with Endpoint(trouble) as endpoint:
        file = config(tmp_path, ("crm", endpoint.url, "tries = 30\ntimeout_s = 0.5"))
        async with Delivery(environment, file) as delivery:
            await until(lambda: len(endpoint.accepted) > 100, 20, "some have arrived")
            await endpoint.stop()
            await produce(settings, values[300:], transaction=True)
            await until(lambda: "is down" in delivery.said, 20, "it is seen that nobody answers")
            await endpoint.start()
            await until(lambda: len(endpoint.ids()) == len(values), 30, "all have arrived")
            assert await delivery.end() == 0
        assert set(endpoint.ids()) == {value["id"] for value in values}
        assert in_order(endpoint.sequences())
        assert asked_to_wait
        assert run(environment, "parked")[1] == "0 parked events\n"


async def test_a_process_that_is_killed_loses_nothing(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    values = changes(customers=40, each=12)
    await produce(settings, values)
    async with Endpoint() as endpoint:
        async with Delivery(environment, config(tmp_path, ("crm", endpoint.url, "in_flight = 8"))) as delivery:
            await until(lambda: len(endpoint.accepted) > 150, 20, "some have arrived")
            await delivery.end(signal.SIGKILL)
            assert len(endpoint.ids()) < len(values)
            delivery.start_again()
            await until(lambda: len(endpoint.ids()) == len(values), 30, "all have arrived")
            assert await delivery.end() == 0
        assert in_order(endpoint.sequences())
        assert endpoint.overlaps == []


async def test_a_process_that_is_asked_to_end_leaves_nothing_to_be_sent_twice(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    async def slowly(_request: Request) -> Answer:
        await asyncio.sleep(0.01)
        return 204

    values = changes(customers=40, each=12)
    await produce(settings, values)
    async with Endpoint(slowly) as endpoint:
        async with Delivery(environment, config(tmp_path, ("crm", endpoint.url, "in_flight = 8"))) as delivery:
            await until(lambda: len(endpoint.accepted) > 100, 20, "some have arrived")
            assert await delivery.end() == 0
            arrived = len(endpoint.requests)
            assert arrived == len(endpoint.accepted) < len(values)
            delivery.start_again()
            await until(lambda: len(endpoint.accepted) >= len(values), 30, "all have arrived")
            assert await delivery.end(signal.SIGINT) == 0
        assert len(endpoint.requests) == len(values)
        assert endpoint.overlaps == []


async def test_processes_share_the_partitions_of_an_endpoint(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    async def slowly(_request: Request) -> Answer:
        await asyncio.sleep(0.01)
        return 204

    values = changes(customers=40, each=20)
    await produce(settings, values)
    async with Endpoint(slowly) as endpoint:
        file = config(tmp_path, ("crm", endpoint.url, "in_flight = 4"))
        async with Delivery(environment, file) as first:
            await until(lambda: len(endpoint.accepted) > 100, 20, "some have arrived")
            async with Delivery(environment, file, name="d2") as second:
                await until(lambda: "partitions 2, 3" in first.said + second.said, 20, "they share")
                await until(lambda: len(endpoint.accepted) > 400, 20, "more have arrived")
                assert await first.end() == 0
                await until(lambda: len(endpoint.ids()) == len(values), 30, "all have arrived")
                assert await second.end() == 0
        assert in_order(endpoint.sequences())
        assert endpoint.overlaps == []


async def test_410_stops_a_queue_until_the_next_start(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    values = changes(customers=5, each=4)
    await produce(settings, values)
    async with Endpoint(lambda _: 410) as gone, Endpoint() as other:
        file = config(tmp_path, ("gone", gone.url, "in_flight = 2"), ("other", other.url, ""))
        async with Delivery(environment, file) as delivery:
            await until(lambda: len(other.ids()) == len(values), 20, "the other has all")
            await until(lambda: "wants no more events (status 410)" in delivery.said, 20, "it is seen that one stops")
            assert 1 <= len(gone.requests) <= 2
            assert await delivery.end() == 0
            gone.decide = lambda _: 204
            delivery.start_again()
            await until(lambda: len(gone.ids()) == len(values), 20, "nothing was lost")
        assert in_order(gone.sequences())


async def test_what_is_refused_is_parked_and_sent_again_on_command(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    values = changes(customers=6, each=3)
    await produce(settings, values)
    async with Endpoint(lambda request: 422 if request.id == "C002:2" else 204) as endpoint:
        async with Delivery(environment, config(tmp_path, ("crm", endpoint.url, ""))) as delivery:
            await until(lambda: len(endpoint.ids()) == len(values) - 1, 20, "the others have arrived")
            assert endpoint.sequences()["C002"] == [1, 3]
            assert [request.number for request in endpoint.requests if request.id == "C002:2"] == [1, 2, 3]
            status, table, _ = await asyncio.to_thread(run, environment, "parked")
            assert (status, table.splitlines()[-1]) == (0, "1 parked event")
            await asyncio.to_thread(of_another_file, environment, tmp_path / "other.toml")
            told = json.loads((await asyncio.to_thread(run, environment, "parked", "--json"))[1])
            assert (told["endpoint"], told["id"], told["reason"], told["tries"]) == ("crm", "C002:2", "status 422", 3)
            assert told["value"] in values

            endpoint.decide = lambda _: 204
            again = await asyncio.to_thread(run, environment, "resend", "--endpoint", "crm", "--id", "C002:2")
            assert again == (0, "handed 1 parked event to the queues: crm 1\n", "")
            await until(lambda: len(endpoint.ids()) == len(values), 20, "it has arrived")
            assert await delivery.end() == 0
        assert run(environment, "resend")[1] == "handed 0 parked events to the queues\n"
        assert run(environment, "parked")[1] == "0 parked events\n"
        assert json.loads(run(environment, "parked", "--all", "--json")[1])["sent_again"] is True


def erasure(customer: str, last_sequence: int) -> dict[str, object]:
    cause = {"event_id": "e", "topic": "bank.customers", "partition": 0, "offset": 1, "occurred_at": 1_795_483_800_125}
    return {
        "id": f"{customer}:erased:1795483800125",
        "customer_id": customer,
        "erased_at": "2026-11-24T09:30:00.125+08:00",
        "decided_at": "2026-11-24T09:30:00.125+08:00",
        "last_sequence": last_sequence,
        "cause": cause,
        "positions": {"bank.customers": 1},
    }


async def test_whoever_is_told_of_an_erasure_gets_nothing_older_of_that_customer(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    """Nobody answers while the customer is erased: what waits does not go out, the erasure and what is newer do."""
    endpoint, port, void = Endpoint(), free_port(), 'events_total{endpoint="crm",outcome="erased"} 2.0'
    file = config(tmp_path, ("crm", endpoint.url, "tries = 100"))
    async with Delivery(environment, file, "--metrics-port", str(port)) as delivery:
        await delivery.ready()
        await produce(settings, changes(customers=2, each=2))
        await until(lambda: "is down" in delivery.said, 20, "it is seen that nobody answers")
        await produce(settings, [erasure("C001", last_sequence=2)], "erasures")
        await produce(settings, [change("C001", 3)])
        await until(lambda: void in metrics_at(port), 20, "what waits of the customer is given up")
        async with endpoint:
            await until(lambda: len(endpoint.ids()) == 4, 20, "the rest has arrived")
            assert await delivery.end() == 0
        assert await committed_everywhere(settings)
    assert sorted(endpoint.ids()) == ["C000:1", "C000:2", "C001:3", "C001:erased:1795483800125"]


async def test_an_endpoint_that_takes_no_erasures_gets_nothing_older_either(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    await produce(settings, [erasure("C001", last_sequence=2)], "erasures")
    await produce(settings, [*changes(customers=2, each=2), change("C001", 3)])
    async with Endpoint() as endpoint:
        file = config(tmp_path, ("crm", endpoint.url, 'events = ["changes"]'))
        async with Delivery(environment, file) as delivery:
            await until(lambda: len(endpoint.ids()) == 3, 20, "the rest has arrived")
            assert await delivery.end() == 0
    assert sorted(endpoint.ids()) == ["C000:1", "C000:2", "C001:3"]


async def test_parked_events_of_the_erased_are_not_shown_and_not_sent(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    await produce(settings, changes(customers=2, each=2))
    picky = Endpoint(lambda request: 422 if request.id.endswith(":2") else 204)
    async with picky as endpoint, Delivery(environment, config(tmp_path, ("crm", endpoint.url, ""))) as delivery:
        await until(lambda: delivery.said.count("is parked") == 2, 20, "both are parked")
        await produce(settings, [erasure("C001", last_sequence=2)], "erasures")
        await until(lambda: "C001:erased:1795483800125" in endpoint.ids(), 20, "it is told")
        assert await delivery.end() == 0
    left_out = "; 1 event left out: of customers who were erased since"
    _, shown, counted = run(environment, "parked", "--json")
    assert (json.loads(shown)["id"], counted) == ("C000:2", f"1 parked event{left_out}\n")
    assert run(environment, "resend")[1] == f"handed 1 parked event to the queues: crm 1{left_out}\n"


async def test_what_is_refused_while_its_customer_is_erased_is_not_parked(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    def partition(customer: str) -> int:
        return partition_of(customer.encode(), PARTITIONS, "murmur2")

    beside = next(name for number in count(2) if partition(name := f"C{number:03}") == partition("C001"))

    async def erased_meanwhile(request: Request) -> Answer:
        if request.id != "C001:1":
            return 204
        if request.number < REFUSED_TRIES:
            return 422
        await produce(settings, [erasure("C001", last_sequence=1), erasure(beside, last_sequence=0)], "erasures")
        await until(lambda: f"{beside}:erased:1795483800125" in endpoint.ids(), 20, "the process has read both")
        return 422

    await produce(settings, [change("C001", 1)])
    endpoint = Endpoint(erased_meanwhile)
    async with endpoint, Delivery(environment, config(tmp_path, ("crm", endpoint.url, ""))) as delivery:
        await until(lambda: "C001:erased:1795483800125" in endpoint.ids(), 30, "the next in line is told")
        assert await delivery.end() == 0
        assert "is parked" not in delivery.said
    assert await committed_everywhere(settings)


async def test_a_record_that_is_no_cloud_event_is_parked_and_stops_nobody(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    async with AIOKafkaProducer(**settings.client_options()) as producer:
        await producer.send_and_wait(settings.output_topic("changes"), b"\xff", key=b"C000", partition=0)
    await produce(settings, values := changes(customers=8, each=1))
    async with Endpoint() as endpoint, Delivery(environment, config(tmp_path, ("crm", endpoint.url, ""))) as delivery:
        await until(lambda: len(endpoint.ids()) == len(values), 20, "the others have arrived")
        await until(lambda: "is parked" in delivery.said, 20, "it is parked")
        assert await delivery.end() == 0
        assert await committed_everywhere(settings)
    told = json.loads(run(environment, "parked", "--json")[1])
    assert (told["reason"], told["tries"], told["value"]) == ("malformed", 0, "/w==")


async def committed_everywhere(settings: Settings) -> bool:
    """Whether the position is after the last record of every partition."""
    positions = await committed(settings, "crm")
    async with Offsets(settings.client_options()) as offsets:
        ends = await offsets.written_ends(list(positions))
    return [position.offset for position in positions.values()] == ends


async def test_an_event_that_always_fails_is_parked_and_holds_up_its_own_customer_alone(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    values = changes(customers=6, each=3)
    await produce(settings, values)
    async with Endpoint(lambda request: 500 if request.id == "C001:1" else 204) as endpoint:
        async with Delivery(environment, config(tmp_path, ("crm", endpoint.url, "tries = 3"))) as delivery:
            theirs = {value["id"] for value in values if value["customer_id"] != "C001"}
            await until(lambda: theirs <= set(endpoint.ids()), 20, "the other customers have theirs")
            # While nothing else is accepted nobody knows whose fault it is: others come until three tries have counted.
            others = count(7)
            give_up_at = time.monotonic() + stretched(40)
            while endpoint.sequences().get("C001") != [2, 3]:
                assert time.monotonic() < give_up_at, "the rest of the customer's does not go on"
                await produce(settings, [change(wanted := f"C{next(others):03}", 1)])
                await until(lambda wanted=f"{wanted}:1": wanted in endpoint.ids(), 20, "it goes on")
            assert await delivery.end() == 0
        [told] = [json.loads(line) for line in run(environment, "parked", "--json")[1].splitlines()]
        assert (told["id"], told["reason"], told["tries"]) == ("C001:1", "status 500", 3)


async def test_an_endpoint_that_is_down_stops_its_own_queue_alone_and_parks_nothing(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    values = changes(customers=20, each=10)
    down = Endpoint()
    port = free_port()
    async with Endpoint() as up:
        file = config(tmp_path, ("down", down.url, "tries = 1"), ("up", up.url, ""))
        async with Delivery(environment, file, "--metrics-port", str(port)) as delivery:
            await delivery.ready(2)
            await produce(settings, values)
            await until(lambda: len(up.ids()) == len(values), 20, "the other has all")
            await until(lambda: "endpoint down is down (unreachable" in delivery.said, 20, "it is seen")
            await until(lambda: 'lag_records{endpoint="down"} 200.0' in metrics_at(port), 10, "its lag is shown")
            await until(lambda: 'lag_records{endpoint="up"} 0.0' in metrics_at(port), 10, "the other has none")
            metrics = metrics_at(port)
            assert 'tierflow_deliver_state{endpoint="down",state="down"} 1.0' in metrics
            assert f'events_total{{endpoint="up",outcome="delivered"}} {len(values)}.0' in metrics
            async with down:
                await until(lambda: len(down.ids()) == len(values), 20, "nothing was lost")
                await until(lambda: "endpoint down is up again" in delivery.said, 5, "it is seen")
                assert await delivery.end() == 0
            assert in_order(down.sequences())
    assert run(environment, "parked")[1] == "0 parked events\n"


async def test_an_endpoint_begins_now_and_has_a_position_before_anything_is_sent(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    await produce(settings, changes(customers=4, each=1))
    async with Endpoint() as endpoint:
        async with Delivery(environment, config(tmp_path, ("crm", endpoint.url, 'begin = "now"'))) as delivery:
            await delivery.ready()
            assert len(await committed(settings, "crm")) == 5 * PARTITIONS
            await produce(settings, later := [change(f"C{number:03}", 2) for number in range(4)])
            await until(lambda: len(endpoint.ids()) >= len(later), 20, "what came after it began has arrived")
            assert await delivery.end() == 0
        assert {request.id for request in endpoint.requests} == {value["id"] for value in later}


async def test_filters_choose_by_stream_tier_direction_kind_and_group(
    settings: Settings, environment: Environment, tmp_path: Path
) -> None:
    def trigger(number: int, **fields: str) -> dict[str, object]:
        return {"kind": "gift", "tier": "high", "group": "treated", **fields} | change(f"T{number}", 1, tier="high")

    await produce(settings, [change("C1", 1, tier="mid"), change("C2", 2, tier="high"), change("C3", 1, tier="high")])
    await produce(
        settings, [{**trigger(1)}, {**trigger(2), "kind": "welcome"}, {**trigger(3), "group": "held_out"}], "campaigns"
    )
    await produce(settings, [{**change("R1", 1), "kind": "decision", "outcome": "enhanced", "tier": "high"}], "risk")
    filters = {
        "upgrades": 'events = ["changes"]\ndirections = ["upgrade"]',
        "high": 'events = ["changes"]\ntiers = ["high"]',
        "gifts": 'events = ["campaigns"]\nkinds = ["gift"]',
        "lift": 'events = ["campaigns"]\ngroups = ["treated", "held_out"]',
        "loans": 'events = ["risk"]\nkinds = ["enhanced"]',
    }  # fmt: skip
    wanted = {
        "upgrades": ["C2:2"], "high": ["C2:2", "C3:1"], "gifts": ["T1:1"],
        "lift": ["T1:1", "T2:1", "T3:1"], "loans": ["R1:1"],
    }  # fmt: skip
    endpoints = {name: Endpoint() for name in filters}
    for endpoint in endpoints.values():
        await endpoint.start()
    file = config(tmp_path, *((name, endpoints[name].url, lines) for name, lines in filters.items()))
    async with Delivery(environment, file) as delivery:
        await until(
            lambda: all(len(endpoints[name].ids()) >= len(ids) for name, ids in wanted.items()), 20, "all have arrived"
        )
        assert await delivery.end() == 0
    for endpoint in endpoints.values():
        await endpoint.stop()
    assert {name: sorted(endpoint.ids()) for name, endpoint in endpoints.items()} == wanted


def of_another_file(environment: Mapping[str, str], other: Path) -> None:
    """With --config, before or after the word, parked and resend are about the endpoints of that file alone."""
    config(other.parent, ("mail", "http://127.0.0.1:9", "")).rename(other)
    assert run(environment, "parked", "--config", str(other))[1] == "0 parked events\n"
    assert run(environment, "--config", str(other), "parked")[1] == "0 parked events\n"
    assert run(environment, "resend", "--config", str(other))[1] == "handed 0 parked events to the queues\n"
    status, _, said = run(environment, "resend", "--config", str(other), "--endpoint", "crm")
    assert (status, f"{other} has mail; write one of these" in said) == (2, True)


def metrics_at(port: int) -> str:
    return str(urlopen(f"http://127.0.0.1:{port}/metrics").read().decode())


def is_cut_off(port: int) -> bool:
    metrics = metrics_at(port)
    lag = 'tierflow_deliver_lag_records{endpoint="crm"} NaN'
    return 'tierflow_deliver_kafka{endpoint="crm"} 0.0' in metrics and lag in metrics


async def test_a_kafka_that_does_not_answer_is_said_and_nothing_is_lost(own: OwnBroker, tmp_path: Path) -> None:
    port = free_port()
    await ensure_topics(own.settings, PARTITIONS)
    values = changes(customers=3, each=2)
    async with Endpoint() as endpoint:
        file = config(tmp_path, ("crm", endpoint.url, ""))
        async with Delivery(own.environment, file, "--metrics-port", str(port)) as delivery:
            await delivery.ready()
            own.freeze()
            try:
                await until(lambda: "no Kafka answers" in delivery.said, 40, "it is said")
                # Another task than the one that says it looks at each endpoint.
                await until(partial(is_cut_off, port), 20, "its metrics show it")
            finally:
                own.thaw()
            await until(lambda: "Kafka answers again" in delivery.said, 40, "it is said")
            await produce(own.settings, values)
            await until(lambda: len(endpoint.ids()) == len(values), 40, "all have arrived")
            assert await delivery.end() == 0
