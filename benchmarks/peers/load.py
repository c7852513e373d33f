#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = ["confluent-kafka"]
# ///
"""Makes PREFIXtransactions and PREFIXbalances, 4 partitions each, and loads a file into them.

A line of it is topic, key and JSON, with tabs between (edge_workload.py).
"""

import argparse
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 4


def main() -> None:
    """Makes the topics, and loads the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--bootstrap", default="127.0.0.1:9092")
    parser.add_argument("--in-prefix", default="bank.")
    options = parser.parse_args()
    make_topics(options.bootstrap, options.in_prefix)
    load(options.bootstrap, options.in_prefix, options.file)


def make_topics(bootstrap: str, prefix: str) -> None:
    """Makes the two topics, which must not be there."""
    topics = [NewTopic(prefix + name, PARTITIONS, 1) for name in ("transactions", "balances")]
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for made in admin.create_topics(topics).values():
        made.result()


def load(bootstrap: str, prefix: str, file: Path) -> None:
    """Sends every line."""
    options = {"partitioner": "murmur2_random", "linger.ms": 20, "enable.idempotence": True}  # in order, whatever fails
    producer = Producer({"bootstrap.servers": bootstrap, **options})
    with file.open("rb") as lines:
        for line in lines:
            topic, key, value = line.rstrip(b"\n").split(b"\t", 2)
            producer.produce(prefix + topic.decode(), value, key)
            producer.poll(0 if len(producer) < 10_000 else 0.05)  # noqa: PLR2004 - room in its queue
    if producer.flush(60):
        raise SystemExit("not all events were sent")


if __name__ == "__main__":
    main()
