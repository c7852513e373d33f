"""What a lane asks of the world around it. Everything is handed in: the broker's side is surroundings.py."""

from collections.abc import Sequence
from typing import Protocol

from streams.budgets import CandidateRecord, Grants
from streams.kafka.changelog import Recovered
from streams.kafka.inputs import Span
from streams.partition import Work


class TransactionsOfPartition(Protocol):
    """How a lane commits (see transactions.Transactions)."""

    async def start(self) -> None:
        """Fences former owners."""

    async def stop(self) -> None:
        """Discards the producers."""

    async def abort_leftovers(self) -> None:
        """Aborts what is open of our ids."""

    async def commit(self, work: Work) -> int:
        """Commits; the changelog's end after it."""


class Surroundings(Protocol):
    """What a lane asks of the worker around it."""

    def transactions(self, partition: int) -> TransactionsOfPartition:
        """New transactions for the partition."""

    async def end_leftovers(self, partition: int, transactions: TransactionsOfPartition) -> None:
        """Ends what the broker has left open of our transactions."""

    async def recover(self, partition: int) -> Recovered:
        """Reads the changelog back."""

    async def changelog_end(self, partition: int) -> int:
        """The changelog's end now."""

    async def spans(self, partition: int) -> Sequence[Span]:
        """What can be read of the inputs."""

    async def committed(self, partition: int) -> Sequence[int | None]:
        """The group's offsets of the inputs."""

    async def ends(self, partition: int) -> Sequence[int]:
        """The ends of the inputs."""

    async def seek(self, partition: int, offsets: Sequence[int]) -> None:
        """Reads the inputs from these offsets on."""

    def flow(self, partition: int, topic: int, *, on: bool) -> None:
        """Lets an input topic flow, or holds it back."""

    def highwater(self, partition: int, topic: int) -> int | None:
        """The input's end as of the last fetch."""


class GrantTransactionsOfPartition(Protocol):
    """How a grant lane commits (see transactions.GrantTransactions)."""

    async def start(self) -> None:
        """Fences former owners."""

    async def stop(self) -> None:
        """Discards the producers."""

    async def abort_leftovers(self) -> None:
        """Aborts what is open of our ids."""

    async def commit(self, grants: Grants) -> None:
        """Commits."""


class CandidatesOfPartition(Protocol):
    """How a grant lane reads (see candidates.CandidateReader)."""

    async def start(self, offset: int) -> None:
        """Reads from the offset on."""

    async def read(self) -> Sequence[CandidateRecord]:
        """The next records, waited for; it may be none."""

    async def stop(self) -> None:
        """Reads no more; also where it was not started."""


class GrantSurroundings(Protocol):
    """What a grant lane asks of the worker around it."""

    topic: str  # of the candidates

    def transactions(self, partition: int) -> GrantTransactionsOfPartition:
        """New transactions for the partition."""

    def reader(self, partition: int) -> CandidatesOfPartition:
        """A new reader of the candidates."""

    async def end_leftovers(self, partition: int, transactions: GrantTransactionsOfPartition) -> None:
        """Ends what the broker has left open of our transactions."""

    async def recover(self, partition: int) -> Recovered:
        """Reads the changelog of the budgets back."""

    async def span(self, partition: int) -> Span:
        """What can be read of the candidates."""

    async def committed(self, partition: int) -> int | None:
        """The group's offset of the candidates."""
