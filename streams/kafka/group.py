"""The consumer of the group, which knows how long the group counts it as a member.

The group's coordinator gives a member up when it has heard nothing from it for the session's timeout, and gives its
partitions to others. The member may hear nothing of that: aiokafka tells nobody that its heartbeats fail, but looks for
the coordinator without end. What is certain is that the session began anew no earlier than a heartbeat was sent that
was answered well. So membership lasts from there for the session's timeout, by this worker's own clock.
"""

import time
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import IllegalGenerationError, NoError, RebalanceInProgressError, UnknownMemberIdError, for_code
from aiokafka.protocol.group import HeartbeatRequest, LeaveGroupRequest, SyncGroupRequest

from streams.kafka.fetching import check_fetching

# A group that rebalances holds its members, and gives their partitions to nobody before they have joined anew.
_HELD = (NoError, RebalanceInProgressError)
_LOST = (UnknownMemberIdError, IllegalGenerationError)


class GroupConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """A consumer of a group that notes its heartbeats."""

    member_until = 0.0
    """Until when it is a member for certain (time.monotonic)."""

    @property
    def trouble(self) -> BaseException | None:
        """Why it cannot join its group; None where that is not known, or nothing is wrong.

        aiokafka keeps such an error until somebody fetches, and joins no more until then.
        """
        coordination = self._coordinator._coordination_task  # noqa: SLF001 - aiokafka tells it to fetches alone
        if coordination.done() and not coordination.cancelled():
            ended_by: BaseException | None = coordination.exception()
            return ended_by
        pending: BaseException | None = self._coordinator._pending_exception  # noqa: SLF001 - the same
        return pending

    async def start(self) -> None:
        """Connects, and begins to listen to what the coordinator answers."""
        await super().start()
        send = self._coordinator._send_req  # noqa: SLF001 - aiokafka has no hook for it

        async def send_and_note(request: Any) -> Any:
            if isinstance(request, LeaveGroupRequest):
                self.member_until = 0.0
            sent_at = time.monotonic()
            answer = await send(request)
            if isinstance(request, HeartbeatRequest | SyncGroupRequest):
                self._note(for_code(answer.error_code), sent_at)
            return answer

        self._coordinator._send_req = send_and_note  # noqa: SLF001

    async def getmany(self, *tps: Any, timeout_ms: int = 0, max_records: int | None = None) -> Any:
        """Fetches, as aiokafka does.

        Raises:
            FetchingEndedError: Nothing can come of it any more.
        """
        check_fetching(self)
        return await super().getmany(*tps, timeout_ms=timeout_ms, max_records=max_records)

    def _note(self, said: type[Exception], sent_at: float) -> None:
        if said in _HELD:
            self.member_until = max(self.member_until, sent_at + self._session_timeout_ms / 1000)
        elif said in _LOST:
            self.member_until = 0.0
