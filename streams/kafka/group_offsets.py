"""What a consumer group has committed, or an error: a coordinator that is not ready yet is no group without offsets.

A broker says what concerns a whole group in a field of its own, and then names no partition. aiokafka 0.14.0 looks for
errors at partitions alone (admin/client.py, list_consumer_group_offsets): of a broker that has just been started, and
loads the group still, it gives what it gives of a group that has committed nothing. And what it finds at a partition it
raises by the code of the group.
"""

import asyncio
import time
from collections.abc import Collection, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, NoError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest

READY_WITHIN_S = 10.0
_ASK_AGAIN_S = 0.05


class GroupOffsetsClient(AIOKafkaAdminClient):  # type: ignore[misc]
    """An admin client that raises what a broker says of a group, or of one of its partitions."""

    async def _send_request(self, request: Any, node_id: int | None = None) -> Any:
        response = await super()._send_request(request, node_id)
        if isinstance(request, OffsetFetchRequest):
            codes = [getattr(response, "error_code", NoError.errno)]
            codes += (code for _, partitions in response.topics for *_, code in partitions)
            for error in map(for_code, codes):
                if error is not NoError:
                    raise error("of what a group has committed")
        return response


async def group_offsets(
    client_options: Mapping[str, Any],
    group: str,
    tps: Collection[TopicPartition] | None = None,
    within_s: float = READY_WITHIN_S,
) -> dict[TopicPartition, int]:
    """Gives the offset that a group has committed, by partition; none where it has committed nothing.

    tps: None: of all partitions. within_s: how long a coordinator that is not ready is asked again.

    Raises:
        KafkaError: It is not ready after that, refuses to tell, or no broker answers.
    """
    admin = GroupOffsetsClient(**client_options)
    await admin.start()
    try:
        found = await _when_ready(admin, group, tps, within_s)
    finally:
        await admin.close()
    return {tp: known.offset for tp, known in found.items() if known.offset >= 0}


async def _when_ready(
    admin: GroupOffsetsClient, group: str, tps: Collection[TopicPartition] | None, within_s: float
) -> Mapping[TopicPartition, Any]:
    give_up_at = time.monotonic() + within_s
    while True:
        try:
            return dict(await admin.list_consumer_group_offsets(group, partitions=None if tps is None else list(tps)))
        except KafkaError as error:
            if not error.retriable or time.monotonic() > give_up_at:
                raise
        await asyncio.sleep(_ASK_AGAIN_S)
