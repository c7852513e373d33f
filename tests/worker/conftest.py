"""What tests of the worker share."""

import pytest
from aiokafka.consumer.fetcher import PartitionRecords

from streams.worker.frame.records import read_bare_records


@pytest.fixture
def bare_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes this test's consumers give bare records, as all those of a worker's process do."""
    for name in ("_consumer_record", "__iter__"):
        monkeypatch.setattr(PartitionRecords, name, getattr(PartitionRecords, name))  # restored after the test
    read_bare_records()
