"""Who is connected to a server, and who has to go: by number, by address, and by time. The time is handed in."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Final, Generic, Literal, Protocol, TypeVar

from streams.security.http_limits import HttpLimits

Reason = Literal["made_room", "too_many", "slow_head", "slow_answer", "malformed", "head_too_large", "body_too_large"]
"""Why a connection was ended, or a request refused, as the metric says it (docs/operations.md#http)."""

IN_WORDS: Final[Mapping[Reason, str]] = {
    "made_room": "for newer ones",
    "too_many": "refused, being too many",
    "slow_head": "with a request that did not come in time",
    "slow_answer": "with an answer that was not given and taken in time",
    "malformed": "malformed",
    "head_too_large": "with too large a head",
    "body_too_large": "with too large a body",
}
"""The same as the log says it, behind a number."""


class Connection(Hashable, Protocol):
    """What is asked of a connection."""

    @property
    def address(self) -> str:
        """The client's address."""

    @property
    def is_unread(self) -> bool:
        """Whether the client has left so much unread that nothing more can be sent, or is being let go."""

    @property
    def head_begun(self) -> bool:
        """Whether a part of the next request is there, and not yet its whole head."""


One = TypeVar("One", bound=Connection)


class Connections(Generic[One]):
    """The connections of a server, each with the time at which it has to be closed.

    A connection waits for a request, or is answering one. Where there is no room, the one that has waited longest goes
    for the one that comes: so whoever asks at once, such as a probe, is answered however many do nothing.
    """

    def __init__(self, limits: HttpLimits, count: Callable[[Reason], object] = lambda _: None) -> None:
        """Begins without any. count: called with why each is ended, or a request refused."""
        self._limits = limits
        self._count = count
        self._waiting: dict[One, float] = {}  # in the order in which they began to wait
        self._answering: dict[One, float] = {}
        self._by_address: Counter[str] = Counter()
        self.ended: Counter[Reason] = Counter()  # since the log said it

    def __len__(self) -> int:
        return len(self._waiting) + len(self._answering)

    def enter(self, one: One, now_s: float) -> One | None:
        """Takes a connection in. Gives the one that has to go for it, which is itself if all others are at work."""
        has_too_many = self._by_address[one.address] >= self._limits.connections_per_address
        leaving = None
        if has_too_many or len(self) >= self._limits.connections:
            leaving = self._idlest(one.address if has_too_many else None)
            self.note("too_many" if leaving is None else "made_room")
            if leaving is None:
                return one
            self.leave(leaving)
        self._by_address[one.address] += 1
        self._waiting[one] = now_s + self._limits.head_ms / 1000
        return leaving

    def note(self, reason: Reason) -> None:
        """Notes that a connection is ended, or a request refused."""
        self.ended[reason] += 1
        self._count(reason)

    def leave(self, one: One) -> None:
        """Forgets a connection, however often it is called."""
        if self._waiting.pop(one, None) is None and self._answering.pop(one, None) is None:
            return
        self._by_address[one.address] -= 1
        if not self._by_address[one.address]:
            del self._by_address[one.address]

    def head_began(self, one: One, now_s: float) -> None:
        """Notes that a first byte of a request is there: the rest of its head has to come in time."""
        if one in self._waiting:
            self._waiting[one] = now_s + self._limits.head_ms / 1000

    def answering(self, one: One, now_s: float) -> None:
        """Notes that a request is whole, and is being answered."""
        if self._waiting.pop(one, None) is not None:
            self._answering[one] = now_s + self._limits.answer_ms / 1000

    def still_answering(self, one: One, now_s: float) -> None:
        """Begins the time for an answer anew."""
        if one in self._answering:
            self._answering[one] = now_s + self._limits.answer_ms / 1000

    def answered(self, one: One, now_s: float) -> None:
        """Notes that the answer is given: the connection waits for the next request."""
        if self._answering.pop(one, None) is not None:
            within_ms = self._limits.head_ms if one.head_begun else self._limits.idle_ms
            self._waiting[one] = now_s + within_ms / 1000

    def due(self, now_s: float) -> list[One]:
        """Gives the connections whose time is over."""
        return [one for held in (self._waiting, self._answering) for one, at_s in held.items() if at_s <= now_s]

    def _idlest(self, address: str | None) -> One | None:
        """Gives who has waited longest or, if nobody waits, has not read its answer. address: of that client alone."""
        waiting = (one for one in self._waiting if address in {None, one.address})
        unread = (one for one in self._answering if address in {None, one.address} and one.is_unread)
        return next(waiting, None) or next(unread, None)
