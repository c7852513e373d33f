"""What the lanes of one stage ask of the broker and of Faust's consumer."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from faust.types import TP

from streams.contracts.kept import KnownTopic
from streams.contracts.log import decode_order
from streams.errors import UsageError
from streams.kafka.changelog import Recovered, end_offset, read_changelog, read_keys
from streams.kafka.newest import newest_records
from streams.kafka.offsets import InputOffsets
from streams.kafka.producers import TransactionFailedError
from streams.kafka.topic_ids import ask_for_topics
from streams.kafka.transactional import TRANSACTION_TIMEOUT_MS
from streams.partition.work import KEYS, ORDER
from streams.settings import Settings
from streams.stages.stage import Stage
from streams.worker.leftovers import can_be_aborted
from streams.worker.ports import TransactionsPort
from streams.worker.transactions import Transactions

# How long a take-over waits for an open transaction on the changelog. It is most likely one of ours, which the broker
# aborts after TRANSACTION_TIMEOUT_MS; a foreign one may have a longer timeout.
OPEN_TRANSACTION_DEADLINE_S = 2 * TRANSACTION_TIMEOUT_MS / 1000
_log = logging.getLogger(__name__)


class StageBroker:
    """The BrokerPort (ports.py) of one stage: it asks the real broker, and the consumer of the Faust app."""

    def __init__(self, settings: Settings, stage: Stage, app: Any) -> None:
        self._stage = stage
        self._app = app
        self._options = settings.client_options()
        self.inputs = InputOffsets(self._options, stage.group, stage.inputs)
        self.ends = self.inputs.ends
        self.spans = self.inputs.spans
        self.committed = self.inputs.committed

    async def are_away(self) -> bool:
        """Asks whether no broker answers at all."""
        return bool(await self._app.contact.look())

    def transactions(self, number: int, on_epoch_raised: Callable[[], None]) -> Transactions:
        """Makes the transactions of a partition; its producers are not started."""
        return Transactions(self._options, self._stage, number, on_epoch_raised)

    async def end_leftovers(self, number: int, transactions: TransactionsPort) -> None:
        """Ends transactions of ours that a restarted broker has left open.

        They are ended as they were decided (kafka/lost_ends.py). Where the broker does not tell, they are aborted, if
        nobody has seen any part of them (leftovers.py).

        Raises:
            TransactionFailedError: The broker went away; the take-over is to be tried again.
        """
        title = f"{self._stage.title} {number}"
        ended = await transactions.end_leftovers()
        for tp, outcome in (ended or {}).items():
            _log.warning(
                "%s: the broker had left a transaction open in %s partition %d; ended as it was decided: %s",
                title,
                tp.topic,
                tp.partition,
                outcome,
            )
        if ended is not None:
            return
        try:
            found = await can_be_aborted(self._options, self._stage, number, self._app.counts)
        except UsageError as error:  # the broker went away
            raise TransactionFailedError(f"{title}: {error}") from error
        if found:
            _log.warning("%s: the broker has lost the end of a transaction; it is aborted", title)
            await transactions.abort_leftovers()

    async def topics(self) -> Mapping[str, KnownTopic]:
        """Gives the topics of the stage that are there, by name."""
        return await ask_for_topics(self._options, self._stage.topics)

    async def newest_transaction(self, number: int) -> int | None:
        """Gives the number of the newest transaction in the order of work; None where there is none, or no such topic.

        The order is read before the changelog: of one transaction, markers may come to the one before the other.
        """
        if ORDER not in self._stage.outputs:
            return None
        tp = TopicPartition(self._stage.outputs[ORDER].topic, number)
        found = await newest_records(self._options, [tp], lambda record: _counter(record) is not None)
        return _counter(found[tp]) if tp in found else None

    async def recover(self, number: int) -> Recovered:
        """Reads a partition's changelog back.

        Raises:
            ChangelogError: An open transaction hides its end for too long, or it has states but no lane record.
        """
        return await read_changelog(self._options, self._stage.changelog, number, OPEN_TRANSACTION_DEADLINE_S)

    async def keys(self, number: int) -> Mapping[bytes, bytes]:
        """Reads the keys of a partition's customers, as far as they are written.

        Raises:
            ChangelogError: An open transaction hides the end of their topic for too long.
        """
        return await read_keys(self._options, self._stage.outputs[KEYS].topic, number, OPEN_TRANSACTION_DEADLINE_S)

    async def changelog_end(self, number: int) -> int:
        """Gives the end of a partition's changelog now, open transactions included."""
        return await end_offset(self._options, self._stage.changelog, number)

    async def seek(self, number: int, offsets: Sequence[int]) -> None:
        """Makes the consumer read the inputs from these offsets on. offsets: by topic number."""
        await self._app.consumer.seek_to(self.positions(number, offsets))

    def positions(self, number: int, offsets: Sequence[int]) -> Mapping[TP, int]:
        """Gives the offsets by topic and partition. offsets: by topic number."""
        return {TP(topic, number): offset for topic, offset in zip(self._stage.inputs, offsets, strict=True)}

    def flow(self, number: int, topic: int, *, on: bool) -> None:
        """Resumes an input topic of the partition, or pauses it. topic: its number."""
        tp = TP(self._stage.inputs[topic], number)
        if tp in self._app.consumer.assignment():
            (self._app.consumer.resume_partitions if on else self._app.consumer.pause_partitions)({tp})

    def highwater(self, number: int, topic: int) -> int | None:
        """Gives an input's end as of the last fetch; None before the first, and where it is not assigned."""
        end = self._app.consumer.highwater(TP(self._stage.inputs[topic], number))
        return None if end is None else int(end)


def _counter(record: ConsumerRecord) -> int | None:
    """Gives the number of a transaction of the order of work; None for a record of another form."""
    try:
        return decode_order(record.value or b"").counter
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
