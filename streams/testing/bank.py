"""A bank under a policy: it hears events in words, lets time pass, and has all that came of them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.simulate import Simulation
from streams.testing.heard import ME, Hearing
from streams.testing.instants import WordsError, instant, written
from streams.testing.scenarios import Played, difference, read_rows
from streams.testing.told import Told, told

Kind = Literal["changes", "campaigns", "risk", "erasures", "dead-letters"]
# A test may leap over years of silence.
_AHEAD_DAYS = 1_000_000


class Bank:
    """All customers of a bank, worked by the engine of the worker, on a clock that events and `waits` move.

    Events in words are about customer C, unless they name another one: "D: balance 1000" (docs/policy-tests.md).
    """

    def __init__(self, policy: str | Path | Policy) -> None:
        """Opens a bank where nobody is known. policy: a file, the text of one, or a Policy.

        Raises:
            PolicyError: The policy cannot be used; the message says where, what is wrong and what is allowed.
        """
        self.policy = policy if isinstance(policy, Policy) else load_policy(_text(policy))
        self.now: datetime | None = None
        self.told: list[Told] = []
        self._simulation = Simulation(self.policy, _AHEAD_DAYS)
        self._hearing = Hearing(self.policy)

    def hears(self, when: str, *events: str) -> list[str]:
        """Hears events, one after another. Gives what came of them, and of time alone since the last, in words.

        when: "2026-01-05 10:00", "2026-01-05" or "3 days later".

        Raises:
            WordsError: The words are no time or no event, or the time is before the one before.
        """
        return [one.words for one in self._heard(self._moved_on(when), events)]

    def waits(self, until: str) -> list[str]:
        """Lets time pass until then, such as "30 days". Gives what fell due, in words."""
        return self.hears(until)

    def tier(self, customer_id: str = ME) -> str | None:
        """Gives the tier that a customer is served now; None for whom nothing is known of."""
        return self._simulation.tier(customer_id.encode())

    def messages(self, kind: Kind, customer_id: str = ME) -> list[dict[str, Any]]:
        """Gives a customer's messages of an output topic, whole, as subscribers read them (docs/messages.md)."""
        return [one.message for one in self.told if one.topic == f"tier.{kind}" and one.customer_id == customer_id]

    def changes(self, customer_id: str = ME) -> list[dict[str, Any]]:
        """Gives a customer's tier changes."""
        return self.messages("changes", customer_id)

    def campaigns(self, customer_id: str = ME) -> list[dict[str, Any]]:
        """Gives a customer's campaign triggers."""
        return self.messages("campaigns", customer_id)

    def loans(self, customer_id: str = ME) -> list[dict[str, Any]]:
        """Gives the decisions on a customer's loan applications, and the alerts."""
        return self.messages("risk", customer_id)

    def check(self, table: str, only: Sequence[Kind] = ()) -> None:
        """Plays a table, row by row, and holds what comes of it against its last column.

        only: the output topics to look at; none: all of them.

        Raises:
            AssertionError: Something else came of it; the message is the table with what happened beside it.
            WordsError: The table cannot be read.
        """
        __tracebackhide__ = True  # pytest shows the test, not this
        topics = [f"tier.{kind}" for kind in only]
        played = []
        for row in read_rows(table):
            now = self._moved_on(row.when)
            found = [one for one in self._heard(now, row.heard) if not topics or one.topic in topics]
            played.append(Played(row, now, found))
        differs = difference(played, self.policy)
        if differs:
            raise AssertionError(differs)

    def _heard(self, now: datetime, events: Sequence[str]) -> list[Told]:
        """Lets time pass until now, and hears events; gives what came of it."""
        lines = [self._hearing.tick(now), *(self._hearing.event(event, now) for event in events)]
        chunks = (chunk for line in lines for chunk in self._simulation.work_in_parts([line]))
        found = [told(output, now) for chunk in chunks for output in chunk.outputs]
        came = [one for one in found if one is not None]
        self.told += came
        self.now = now
        return came

    def _moved_on(self, when: str) -> datetime:
        now = instant(when, self.policy.calendar.zone, self.now)
        if self.now is not None and now < self.now:
            raise WordsError(f"{when!r} is before {written(self.now)}, where the bank is; time does not go back")
        return now


def _text(policy: str | Path) -> str:
    """Reads a policy file. A text of several lines is the policy itself."""
    if isinstance(policy, str) and "\n" in policy:
        return policy
    return Path(policy).read_text(encoding="utf-8")
