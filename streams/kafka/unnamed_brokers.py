"""A broker that has just started names no brokers for a moment, not even itself; whoever asks then is to ask again.

aiokafka 0.14.0 takes that for a mistake of the program: where it looks a coordinator up it asserts that it knows a
broker (client.py, AIOKafkaClient.coordinator_lookup), and the error ends a producer, a group member, or the process.
Here it is an error that may heal, and all who look up a coordinator try again after such a one.
"""

from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NodeNotReadyError


def wait_for_names() -> None:
    """Lets all clients of this process ask for a coordinator again where no broker is known yet."""
    looked_up = AIOKafkaClient.coordinator_lookup

    async def coordinator_lookup(self: AIOKafkaClient, coordinator_type: Any, coordinator_key: str) -> Any:
        if self.get_random_node() is None:
            raise NodeNotReadyError("the brokers name no broker yet")
        return await looked_up(self, coordinator_type, coordinator_key)

    AIOKafkaClient.coordinator_lookup = coordinator_lookup
