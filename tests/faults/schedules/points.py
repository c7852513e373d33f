"""The named points of a worker at which it may be made to end or to stand still, and where each lies in streams/.

The product has no hooks for that: launcher.py wraps these functions in the worker's process.
"""

from importlib import import_module
from typing import Any, Literal, NamedTuple

Moment = Literal["before", "after"]


class Point(NamedTuple):
    """A function, and whether the point lies before its call or after it. needs: what makes a worker come there."""

    module: str
    owner: str
    function: str
    moment: Moment
    needs: Literal["events", "group"] = "events"


POINTS = {
    "before the transaction": Point("streams.worker.owned", "Owned", "commit", "before"),
    "after the offsets": Point("streams.worker.transactions", "Transactions", "_send_offsets", "after"),
    "after the outputs": Point("streams.worker.transactions", "Transactions", "_send_records", "after"),
    # The request is in the socket, and its answer is not read.
    "during the commit": Point("aiokafka.conn", "AIOKafkaConnection", "send", "after"),
    "after the commit": Point("streams.worker.owned", "Owned", "commit", "after"),
    "in assignment": Point("streams.worker.lane_app", "LaneApp", "take_over", "before", "group"),
    "between the two fences": Point("streams.kafka.producers", "ProducersInTurn", "start_producer", "after", "group"),
    "ending leftovers": Point("streams.worker.broker", "StageBroker", "end_leftovers", "before", "group"),
    "in recovery": Point("streams.worker.broker", "StageBroker", "recover", "before", "group"),
    "after recovery": Point("streams.worker.owned", "Owned", "take_over", "after", "group"),
    "before the lanes start": Point("streams.worker.lane_app", "LaneApp", "start_lanes", "before", "group"),
    "in park": Point("streams.worker.lane", "Lane", "park", "before", "group"),
    "in release": Point("streams.worker.lane", "Lane", "release", "before", "group"),
}
# The only one whose function does other things, too: the request that ends, in either protocol.
ONLY_FOR = {"during the commit": ("aiokafka.protocol.transaction.EndTxn", "streams.kafka.protocol_2.EpochEnding")}


def owner_of(point: Point) -> Any:
    """The class whose function is wrapped."""
    return getattr(import_module(point.module), point.owner)
