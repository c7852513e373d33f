"""What a lane asks of the world around it. All of it is handed in; the broker's side is broker.py."""

from collections.abc import Sequence
from typing import Protocol

from streams.kafka.changelog import Recovered
from streams.kafka.offsets import Span
from streams.partition.work import Work


class TransactionsPort(Protocol):
    """How a lane commits (see transactions.py)."""

    async def start(self) -> None:
        """Fences former owners."""

    async def stop(self) -> None:
        """Discards the producers."""

    async def abort_leftovers(self) -> None:
        """Aborts what is open of our ids."""

    async def commit(self, work: Work) -> int:
        """Commits; gives the changelog's end after it."""


class BrokerPort(Protocol):
    """What a lane of one stage asks of the worker around it; all of a partition number."""

    def transactions(self, number: int) -> TransactionsPort:
        """Makes new transactions."""

    async def end_leftovers(self, number: int, transactions: TransactionsPort) -> None:
        """Ends what the broker has left open of our transactions."""

    async def recover(self, number: int) -> Recovered:
        """Reads the changelog back."""

    async def changelog_end(self, number: int) -> int:
        """Gives the changelog's end now."""

    async def spans(self, number: int) -> Sequence[Span]:
        """Gives what can be read of the inputs."""

    async def committed(self, number: int) -> Sequence[int | None]:
        """Gives the group's offsets of the inputs."""

    async def ends(self, number: int) -> Sequence[int]:
        """Gives the ends of the inputs."""

    async def seek(self, number: int, offsets: Sequence[int]) -> None:
        """Reads the inputs from these offsets on."""

    def flow(self, number: int, topic: int, *, on: bool) -> None:
        """Lets an input topic flow, or holds it back."""

    def highwater(self, number: int, topic: int) -> int | None:
        """Gives the input's end as of the last fetch."""
