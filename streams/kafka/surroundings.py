"""The broker and Faust's consumer, as a lane sees them."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from faust.types import TP

from streams.errors import UsageError
from streams.kafka.around import GrantTransactionsOfPartition, TransactionsOfPartition
from streams.kafka.candidates import CandidateReader
from streams.kafka.changelog import Recovered, end_offset, read_changelog
from streams.kafka.inputs import InputOffsets, Span
from streams.kafka.leftovers import can_be_aborted, grants_can_be_aborted
from streams.kafka.partitioner import partition_of
from streams.kafka.producers import TRANSACTION_TIMEOUT_MS, TransactionFailedError
from streams.kafka.rules import Owns
from streams.kafka.transactions import GrantTopics, GrantTransactions, OutputTopics, Transactions
from streams.settings import Settings

# A foreign transaction ends by its own timeout; ours, the likeliest, by then at the latest.
OPEN_TRANSACTION_DEADLINE_S = 2 * TRANSACTION_TIMEOUT_MS / 1000
_log = logging.getLogger(__name__)


def output_topics(settings: Settings) -> OutputTopics:
    """The names of the topics that a lane writes."""
    return OutputTopics(
        changes=settings.output_topic("changes"),
        current=settings.output_topic("current"),
        campaigns=settings.output_topic("campaigns"),
        risk=settings.output_topic("risk"),
        dead_letters=settings.output_topic("dead-letters"),
        order=settings.output_topic("order"),
        changelog=settings.changelog_topic,
        candidates=settings.candidates_topic,
        inputs=settings.input_topics(),
    )


def grant_topics(settings: Settings) -> GrantTopics:
    """The names of the topics that a grant lane reads and writes."""
    return GrantTopics(
        candidates=settings.candidates_topic,
        campaigns=settings.output_topic("campaigns"),
        changelog=settings.budgets_changelog_topic,
    )


class BrokerSurroundings:
    """What lanes ask for, answered by the real broker and by the consumer of the Faust app."""

    def __init__(self, settings: Settings, app: Any) -> None:
        self._settings = settings
        self._app = app
        self._options = settings.client_options()
        self._outputs = output_topics(settings)
        self.inputs = InputOffsets(self._options, settings.app_id, settings.input_topics())
        self.ends = self.inputs.ends
        self.spans = self.inputs.spans
        self.committed = self.inputs.committed

    def transactions(self, partition: int) -> Transactions:
        """New transactions of a partition."""
        return Transactions(self._options, self._settings.app_id, partition, self._outputs)

    async def end_leftovers(self, partition: int, transactions: TransactionsOfPartition) -> None:
        """Ends what a broker that restarted has left open of our transactions, if nobody has seen any of it."""
        try:
            partitions = self._app.partitions
            owns = Owns(partition, partitions, self._settings)
            found = await can_be_aborted(self._options, self._outputs, partition, partitions, owns)
        except UsageError as error:  # the broker went away: a take-over is tried again
            raise TransactionFailedError(f"partition {partition}: {error}") from error
        if found:
            _log.warning("partition %d: the broker has lost the end of a transaction; it is aborted", partition)
            await transactions.abort_leftovers()

    async def recover(self, partition: int) -> Recovered:
        """Reads the changelog back."""
        topic = self._settings.changelog_topic
        return await read_changelog(self._options, topic, partition, OPEN_TRANSACTION_DEADLINE_S)

    async def changelog_end(self, partition: int) -> int:
        """The changelog's end now, open transactions included."""
        return await end_offset(self._options, self._settings.changelog_topic, partition)

    async def seek(self, partition: int, offsets: Sequence[int]) -> None:
        """Reads the inputs from these offsets on."""
        await self._app.consumer.seek_to(self.positions(partition, offsets))

    def positions(self, partition: int, offsets: Sequence[int]) -> Mapping[TP, int]:
        """The offsets by Faust's topic partitions."""
        topics = self._settings.input_topics()
        return {TP(topic, partition): offset for topic, offset in zip(topics, offsets, strict=True)}

    def flow(self, partition: int, topic: int, *, on: bool) -> None:
        """Lets an input topic of the partition flow, or holds it back."""
        tp = TP(self._settings.input_topics()[topic], partition)
        if tp in self._app.consumer.assignment():
            (self._app.consumer.resume_partitions if on else self._app.consumer.pause_partitions)({tp})

    def highwater(self, partition: int, topic: int) -> int | None:
        """The input's end as of the last fetch."""
        tp = TP(self._settings.input_topics()[topic], partition)
        if tp not in self._app.consumer.assignment():
            return None
        end = self._app.consumer.highwater(tp)
        return None if end is None else int(end)


class BrokerGrantSurroundings:
    """What grant lanes ask for, answered by the real broker."""

    def __init__(self, settings: Settings, partitions: int) -> None:
        self.topic = settings.candidates_topic
        self._settings = settings
        self._options = settings.client_options()
        self._topics = grant_topics(settings)
        self._partitions = partitions
        self.inputs = InputOffsets(self._options, settings.app_id, [self.topic])

    def transactions(self, partition: int) -> GrantTransactions:
        """New transactions of the grants of a partition."""
        place = partial(partition_of, partitioner=self._settings.partitioner)
        return GrantTransactions(self._options, self._settings.app_id, partition, self._topics, place)

    def reader(self, partition: int) -> CandidateReader:
        """A new reader of the candidates."""
        return CandidateReader(self._options, self.topic, partition)

    async def end_leftovers(self, partition: int, transactions: GrantTransactionsOfPartition) -> None:
        """Ends what a broker that restarted has left open of our transactions, if nobody has seen any of it."""
        try:
            found = await grants_can_be_aborted(self._options, self._topics, partition, self._partitions)
        except UsageError as error:  # the broker went away: a take-over is tried again
            raise TransactionFailedError(f"grants of {partition}: {error}") from error
        if found:
            _log.warning("grants of %d: the broker has lost the end of a transaction; it is aborted", partition)
            await transactions.abort_leftovers()

    async def recover(self, partition: int) -> Recovered:
        """Reads the changelog of the budgets back."""
        return await read_changelog(self._options, self._topics.changelog, partition, OPEN_TRANSACTION_DEADLINE_S)

    async def span(self, partition: int) -> Span:
        """What can be read of the candidates."""
        [span] = await self.inputs.spans(partition)
        return span

    async def committed(self, partition: int) -> int | None:
        """The group's offset of the candidates."""
        [offset] = await self.inputs.committed(partition)
        return offset
