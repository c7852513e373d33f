"""Producers compress as they like: a worker reads what every Kafka client may write."""

import json
from collections.abc import Mapping
from pathlib import Path

from aiokafka import AIOKafkaProducer

from streams.settings import Settings
from tests.support.worker_processes import Workers, applied, now_ms, owner, read_changes

CODECS = ("gzip", "snappy", "lz4", "zstd")


async def test_events_of_every_codec_are_applied(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        worker = workers.start()
        await worker.ready()
        for codec in CODECS:
            producer = AIOKafkaProducer(**settings.client_options(), compression_type=codec)
            await producer.start()
            fields = {"account_id": "A", "balance": "600000", "currency": "TWD", "as_of": now_ms()}
            value = {"event_id": "1", "customer_id": codec, **fields}
            await producer.send_and_wait(
                settings.input_topic("balances"), json.dumps(value).encode(), key=codec.encode(), partition=owner(codec)
            )
            await producer.stop()
        await applied(settings)
        assert (await read_changes(settings)).tiers() == dict.fromkeys(CODECS, "mid")
        assert await worker.stop() == 0
