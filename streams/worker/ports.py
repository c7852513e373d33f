"""What a lane asks of its surroundings, as protocols; broker.py, transactions.py and spans.py are the real ones."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from aiokafka import TopicPartition

from streams.contracts.kept import KnownTopic
from streams.kafka.changelog import Recovered
from streams.kafka.lost_ends import Outcome
from streams.kafka.offsets import Span
from streams.kafka.transactional import RoundTrip
from streams.partition.entries import Entry
from streams.partition.work import Work
from streams.stages.stage import Stage
from streams.worker.steps import StepTimes


class TransactionsPort(Protocol):
    """How a lane commits (transactions.py)."""

    @property
    def round_trips(self) -> Mapping[str, RoundTrip]:
        """When the broker answered each request of the newest transaction, by step (metrics.STEPS)."""

    async def start(self) -> None:
        """Fences the former owners; before that, commits what the broker has left open though it was decided so."""

    async def stop(self) -> None:
        """Closes the producers."""

    async def end_leftovers(self) -> Mapping[TopicPartition, Outcome] | None:
        """Ends what the broker has left open, as it was decided; None where the broker does not tell."""

    async def see_none_left_open(self) -> None:
        """Makes sure that the broker has left nothing open of what was committed."""

    async def abort_leftovers(self) -> None:
        """Aborts whatever is still open under our transactional ids."""

    async def commit(self, work: Work, after: int = 0) -> int:
        """Commits a batch; gives the changelog's end after it. after: the end before it."""


class BrokerPort(Protocol):
    """What a lane of one stage asks about a partition number (broker.py). Sequences are by topic number."""

    async def are_away(self) -> bool:
        """Asks whether no broker answers at all: then what has failed is not told, and they are waited for."""

    def transactions(self, number: int, on_epoch_raised: Callable[[], None]) -> TransactionsPort:
        """Makes the transactions of the partition. on_epoch_raised: called when a producer raised its epoch."""

    async def end_leftovers(self, number: int, transactions: TransactionsPort) -> None:
        """Ends a transaction of ours that the broker has left open."""

    async def topics(self) -> Mapping[str, KnownTopic]:
        """Gives the topics of the stage that are there, by name."""

    async def newest_transaction(self, number: int) -> int | None:
        """Gives the number of the newest transaction that the order of work holds; None where there is none."""

    async def recover(self, number: int) -> Recovered:
        """Reads the changelog back, to its end."""

    async def keys(self, number: int) -> Mapping[bytes, bytes]:
        """Reads the wrapped keys of the partition's customers, where the stage seals."""

    async def changelog_end(self, number: int) -> int:
        """Gives the changelog's end now, open transactions included."""

    async def spans(self, number: int) -> Sequence[Span]:
        """Gives the offsets that can be read of each input."""

    async def committed(self, number: int) -> Sequence[int | None]:
        """Gives the group's committed offset of each input; None where there is none."""

    async def ends(self, number: int) -> Sequence[int]:
        """Gives the end of what can be read of each input."""

    async def seek(self, number: int, offsets: Sequence[int]) -> None:
        """Makes the consumer read the inputs from these offsets on."""

    def flow(self, number: int, topic: int, *, on: bool) -> None:
        """Resumes an input topic, or pauses it. topic: its number."""

    def highwater(self, number: int, topic: int) -> int | None:
        """Gives an input's end as of the last fetch; None where it is not known."""


class SpansPort(Protocol):
    """Who is told of each batch, where there is a trace (spans.py)."""

    def ended(  # noqa: PLR0913, PLR0917 - all that it tells
        self,
        stage: Stage,
        number: int,
        entries: Sequence[Entry],
        work: Work,
        times: StepTimes,
        round_trips: Mapping[str, RoundTrip],
        error: BaseException | None = None,
    ) -> None:
        """Makes the span of a batch, whose transaction was committed or has failed."""
