"""What a take-over checks before the lane continues, and how it is tried again while the broker is in trouble."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from itertools import count

from aiokafka.errors import KafkaError

from streams.contracts.kept import Growing, KnownTopic, LaneRecord
from streams.errors import START_ANEW, named
from streams.kafka.offsets import Span
from streams.kafka.producers import TransactionFailedError
from streams.kafka.unchanged import TopicsChangedError, confirmed, difference

# Brokers restart and coordinators move. A trouble that lasts longer needs a person.
TAKE_OVER_WITHIN_S = 60.0
PAUSE_LIMIT_S = 2.0
RETRIED_ERRORS = (TransactionFailedError, KafkaError, TimeoutError, OSError)  # a later try may succeed
_log = logging.getLogger(__name__)


class LaneError(Exception):
    """A partition cannot be worked safely. The process ends, and a supervisor starts it again."""


def check_position(  # noqa: PLR0913, PLR0917 - all that has to fit together
    title: str,
    partition: int,
    topics: Sequence[str],
    lane: LaneRecord | None,
    spans: Sequence[Span],
    committed: Sequence[int | None],
) -> None:
    """Checks that the state fits what the input topics hold and what the group has committed.

    title: what errors call the partition, such as "partition 3". lane: None where the changelog is empty. spans,
    committed: by topic number.

    Raises:
        LaneError: They do not fit: records of the changelog or of an input are lost, or a topic was made anew.
    """
    if lane is None:
        if any(committed):
            raise LaneError(
                f"{title}: the group has offsets but the changelog is empty: it was deleted or "
                f"made anew; restore it, or start with another TIERFLOW_APP_ID and another output prefix"
            )
        return
    for topic, span, offset, group in zip(topics, spans, lane.next_offsets, committed, strict=True):
        where = f"{topic} partition {partition}"
        if not span.beginning <= offset <= span.end:
            raise LaneError(
                f"{where}: the state stands at offset {offset}, the topic holds {span.beginning} to {span.end}: "
                f"records were deleted before they were worked, or the topic was made anew; restore the topic, or "
                f"start with another TIERFLOW_APP_ID and another output prefix"
            )
        if group is not None and group > offset:
            raise LaneError(
                f"{where}: the group's offset {group} is ahead of the state's {offset}: the changelog has lost "
                f"records; restore it, or start with another TIERFLOW_APP_ID and another output prefix"
            )


def check_growing(title: str, growing: Growing | None) -> None:
    """Checks that the partition is not being given other customers.

    Raises:
        TopicsChangedError: It is. Nobody may work it before the growth is finished.
    """
    if growing is not None:
        raise TopicsChangedError(
            f"{title}: a growth from {growing.before} to {growing.after} partitions is under way, or was cut off; it "
            f"goes on with: tierflow topics grow --partitions {growing.after}"
        )


def check_counter(title: str, lane: LaneRecord | None, newest: int | None) -> None:
    """Checks that the state is not older than the order of work, which the same transactions wrote.

    lane: None for a beginning; the outputs may then be a former app's. newest: the number of the newest transaction in
    the order of work; None where there is none.

    Raises:
        TopicsChangedError: It is older: transactions of the changelog are lost.
    """
    if lane is not None and newest is not None and newest > lane.counter:
        raise TopicsChangedError(
            f"{title}: the state is that of transaction {lane.counter}, its order of work holds transaction {newest}: "
            f"the changelog has lost records, or was made anew; restore it, or {START_ANEW}"
        )


async def topics_as_known(
    title: str,
    lane: LaneRecord | None,
    names: Collection[str],
    ask: Callable[[], Awaitable[Mapping[str, KnownTopic]]],
) -> Mapping[str, KnownTopic]:
    """Gives the topics as they are now, once they are those that the state was made with.

    lane: None for a beginning, with any topics. names: those of the stage. ask: gives those that are there.

    Raises:
        TopicsChangedError: They are not.
    """
    now: Mapping[str, KnownTopic] = {}

    async def look() -> str | None:
        nonlocal now
        now = await ask()
        return None if lane is None else difference(lane, names, now)

    said = await confirmed(look)
    if said is not None:
        raise TopicsChangedError(f"{title}: {said}")
    if lane is not None and not lane.topics:
        _log.info("%s: the state, of a release before 0.2.0, does not name its topics: they are taken as found", title)
    return now


async def persistently(
    attempt: Callable[[], Awaitable[None]],
    what: str,
    given_up: Callable[[], bool],
    are_away: Callable[[], Awaitable[bool]],
) -> None:
    """Repeats `attempt` with growing pauses while it fails with one of RETRIED_ERRORS.

    what: what cannot be done, in messages; each is written when it is another than the one before. given_up: asked
    before each attempt; once it is True, nothing more is tried. are_away: asks whether no broker answers at all; then
    one is waited for, however long, and it is told elsewhere.

    Raises:
        LaneError: The attempts have failed for TAKE_OVER_WITHIN_S, though a broker answered.
    """
    give_up_at = time.monotonic() + TAKE_OVER_WITHIN_S
    said = ""
    for number in count(1):
        if given_up():
            return
        try:
            await attempt()
        except RETRIED_ERRORS as error:
            if await are_away():
                give_up_at = time.monotonic() + TAKE_OVER_WITHIN_S
            elif time.monotonic() > give_up_at:
                raise LaneError(f"{what} for {TAKE_OVER_WITHIN_S:.0f} s: {named(error)}") from error
            elif (why := named(error)) != said:
                said = why
                _log.warning("%s: %s", what, why)
            await asyncio.sleep(pause_s(number))
        else:
            return


def pause_s(attempt: int) -> float:
    """Gives the seconds to wait after so many failures in a row."""
    return float(min(0.05 * 2**attempt, PAUSE_LIMIT_S))
