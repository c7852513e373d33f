"""What a process that works lanes shows as gauges, as of the moment at which Prometheus asks (metrics.GAUGES)."""

import time
from collections.abc import Iterator

from streams.metrics import Shown
from streams.worker.lane import Lane
from streams.worker.lane_app import SESSION_TIMEOUT_S, LaneApp


def shown(app: LaneApp) -> Iterator[Shown]:
    """Gives the gauges of an app. Where it may have lost its partitions, it says nothing of how far behind they are."""
    now_ms, is_member = app.clock(), app.is_member
    yield ("reachable",), float(not app.contact.are_away())
    yield from app.shown()
    yield from _successes(app)
    for lane in app.lanes.values():
        yield from _kept(lane)
        if is_member and lane.is_placed:
            yield from _behind(lane, now_ms)


def _successes(app: LaneApp) -> Iterator[Shown]:
    heard_ms, member_until = app.consumer.heard_at_ms(), app.consumer.member_until()
    if heard_ms:
        yield ("success", "fetch"), heard_ms / 1000
    if member_until:
        yield ("success", "heartbeat"), time.time() + member_until - SESSION_TIMEOUT_S - time.monotonic()
    for part, at_s in app.succeeded.items():
        yield ("success", part), at_s


def _kept(lane: Lane) -> Iterator[Shown]:
    stage, number, partition = lane.stage.name, str(lane.number), lane.partition
    if lane.committed_at_s is not None:
        yield ("committed", stage, number), lane.committed_at_s
    if partition is not None:
        yield ("state_bytes", stage, number), partition.state_bytes
        if lane.keys_left is not None:
            yield ("keys_left", number), lane.keys_left
        for (name, *labels), value in partition.shown().items():
            yield (name, number, *labels), value


def _behind(lane: Lane, now_ms: int) -> Iterator[Shown]:
    stage, number, partition = lane.stage, str(lane.number), lane.partition
    for topic, lag in zip(stage.inputs, lane.lags(), strict=True):
        if lag is not None:
            yield ("lag", topic, number), lag
    yield ("oldest", stage.name, number), lane.behind_s(now_ms)
    if partition is not None and not partition.on_event_clock:
        due_ms = partition.next_due_ms()
        late_ms = 0 if due_ms is None else max(now_ms - due_ms, 0)
        yield ("timers_due", stage.name, number), partition.due(now_ms) if late_ms else 0
        yield ("timers_late", stage.name, number), late_ms / 1000
