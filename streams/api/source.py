"""What the HTTP side asks of the worker that it is served by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether every partition held here is recovered and served; `reasons` says in sentences why not."""

    ready: bool
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CustomerView:
    """A customer as this worker knows it now.

    `current` is the JSON object of the newest tier change, None for a customer that has none (erased, or known by a
    pin or an opt-out alone). `measures` are the live measures by name; amounts as strings or Decimal.
    """

    current: bytes | None
    measures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Local:
    """The customer's partition is held by this worker, recovered and served."""


@dataclass(frozen=True, slots=True)
class Remote:
    """The customer's partition is held by the worker at `url`, such as http://10.0.0.7:6066."""

    url: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Nobody serves the customer's partition now: it is being recovered or assigned; ask again later."""

    retry_after_s: float


class TierSource(Protocol):
    """What a worker tells; every method answers at once, from memory, and raises nothing."""

    def ready(self) -> Readiness:
        """Say whether this worker serves all of its partitions."""

    def healthy(self) -> str | None:
        """Give None if the worker makes progress, else what is wrong, in a sentence without customer ids."""

    def customer(self, customer_id: str) -> CustomerView | None:
        """Give a customer of a recovered partition of this worker, None if it knows none by this id."""

    def owner(self, customer_id: str) -> Local | Remote | Unavailable:
        """Say which worker serves the customer's partition, whether or not the customer exists."""

    def distribution(self) -> Mapping[str, int]:
        """Count this worker's customers by tier: every tier of the policy in its order, 0 included."""

    def peers(self) -> list[str]:
        """Give the base URLs of all other workers, this one left out."""
