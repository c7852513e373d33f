"""What the HTTP side asks of its worker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether every partition held here is recovered and served; `reasons` says in sentences why not."""

    ready: bool
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CustomerView:
    """A customer as this worker knows the customer now.

    `current` is the JSON object of the newest tier change; None for a customer without one (erased, or known only by
    a pin or an opt-out). `measures` is the object of that name in the answer: the value and its parts as of now, the
    policy's measures under `by_name`, and more that is kept, such as the standing. Figures are text. `packed` is the
    state as the changelog has it, `clock_ms` the clock of its partition: for who explains the tier. `merged_into` is
    the id that the customer has now, where this one is a former id.
    """

    current: bytes | None
    measures: Mapping[str, Any]
    packed: bytes = b""
    clock_ms: int = 0
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class Local:
    """The customer's partition is held by this worker, recovered and served."""


@dataclass(frozen=True, slots=True)
class Remote:
    """The customer's partition is held by the worker at `url`, such as http://10.0.0.7:6066."""

    url: str


@dataclass(frozen=True, slots=True)
class Anyone:
    """The customer is not found here, and nobody can tell by the id where else: the partitioner is not known.

    urls: the other workers, each of which may hold the customer. searched: whether this worker's partitions could all
    be looked into.
    """

    urls: Sequence[str]
    searched: bool


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Nobody serves the customer's partition now; ask again later. why: a sentence."""

    retry_after_s: float
    why: str = "The customer's partition is being recovered."


class LiveSource(Protocol):
    """Whether a process works. Every method answers at once, from memory, and raises nothing."""

    def ready(self) -> Readiness:
        """Says whether it serves all of its partitions."""

    def healthy(self) -> str | None:
        """Gives None if it makes progress, else a sentence, without customer ids, that says what is wrong."""


class TierSource(LiveSource, Protocol):
    """What a worker tells about itself. Every method but `owner` answers at once, from memory; none raises."""

    def customer(self, customer_id: str) -> CustomerView | None:
        """Gives a customer of this worker's recovered partitions; None if none of them has the id."""

    async def owner(self, customer_id: str) -> Local | Remote | Anyone | Unavailable:
        """Says which worker serves the customer's partition, whether or not the customer exists.

        Waits a second at most until no transaction that writes the customer's state is under way.
        """

    def distribution(self) -> Mapping[str, int]:
        """Counts this worker's customers by tier id: every tier of the policy in its order, 0 included."""

    def peers(self) -> list[str]:
        """Gives the base URLs of the other workers."""

    def held(self) -> Mapping[str, Sequence[int]]:
        """Gives the partitions of all workers, by base URL, this one's included."""
