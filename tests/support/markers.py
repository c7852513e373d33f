"""The markers of a transaction: a broker writes them after it has answered that the transaction is ended.

Until they are there, readers of committed records do not see what was committed, and the records of another producer
may come to the offsets where the markers would have been.
"""

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.client import ConnectionGroup, CoordinationType

from streams.kafka.open_transactions import describe
from tests.support.patience import stretched


async def until_written(producer: AIOKafkaProducer) -> None:
    """Returns when the markers of the transaction that the producer has ended are in all of its partitions."""
    sender, name = producer._sender, producer._txn_manager.transactional_id
    node = await sender._find_coordinator(CoordinationType.TRANSACTION, name)
    async with asyncio.timeout(stretched(10)):
        while True:
            said = await describe(producer.client, node, name, ConnectionGroup.COORDINATION)
            if not said.state.startswith("Prepare"):
                return
            await asyncio.sleep(0.002)  # the broker tells nobody
