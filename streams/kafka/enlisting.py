"""The partitions and the group of a transaction are added to it in one go.

aiokafka 0.14.0 asks the transaction coordinator for the partitions, waits for the answer, and asks for the group
(producer/sender.py, Sender._maybe_do_transactional_request). Here both requests leave one behind the other on the same
connection, on which a broker answers in order. So a transaction whose offsets go out beside its records takes three
round trips instead of five:

    add partitions, add group  ->  produce, commit offsets  ->  end

In transaction protocol 2 (protocol_2.py) records and offsets add partitions and group themselves:

    produce, commit offsets  ->  end

That is for a transaction whose records and offsets all go to one broker, which works them in order. Several brokers
would ask the coordinator at once, which takes one of them, and puts the others off until that is replicated; there the
way is the one above (docs/adr/0009-transaction-protocol-2.md).
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.client import CoordinationType
from aiokafka.producer.sender import Sender


def enlist_at_once(sender: Sender) -> None:
    """Has aiokafka's sender ask for partitions and group together, wherever both are to be added."""
    one_by_one = sender._maybe_do_transactional_request

    def together() -> asyncio.Task[Any] | None:
        manager = sender._txn_manager
        tps, group = manager.partitions_to_add(), manager.consumer_group_to_add()
        if not tps or group is None:
            task: asyncio.Task[Any] | None = one_by_one()
            return task
        return asyncio.create_task(_both(sender, tps, group))

    sender._maybe_do_transactional_request = together


def go_to_one_broker(sender: Sender, tps: Iterable[TopicPartition]) -> bool:
    """Says whether records for these partitions, and the offsets of the group, all go to one broker."""
    leaders = {sender.client.cluster.leader_for_partition(tp) for tp in tps}
    return leaders == {sender._coordinators.get(CoordinationType.GROUP)}


async def _both(sender: Sender, tps: Any, group: str) -> None:
    # What was not taken is asked for again by the sender's next round, as ever.
    await asyncio.gather(sender._do_add_partitions_to_txn(tps), sender._do_add_offsets_to_txn(group))
