"""The consumer group, as its coordinator has it: who is a member, and which partition numbers each one has."""

from typing import Any

SESSION_S = 6.0
REBALANCE_WITHIN_S = 10.0


class Group:
    """The members of a group, in generations. A member that is not heard of for SESSION_S is no member any more."""

    def __init__(self, partitions: int) -> None:
        self.generation = 0
        self.heard_s: dict[Any, float] = {}  # by member
        self._partitions = partitions
        self._joined: set[Any] = set()
        self._waits_until_s: float | None = None  # for all to join again; None: stable
        self._given: dict[Any, frozenset[int]] = {}

    def join(self, member: Any, now_s: float) -> None:
        """Lets a member in, or in again."""
        self.heard_s[member] = now_s
        self.rebalance(now_s)
        self._joined.add(member)
        self.look(now_s)

    def leave(self, member: Any, now_s: float) -> None:
        """Lets a member go."""
        if self.heard_s.pop(member, None) is not None:
            self._joined.discard(member)
            self.rebalance(now_s)
            self.look(now_s)

    def beat(self, member: Any, generation: int, now_s: float) -> bool:
        """Hears of a member; says whether the generation is still that one."""
        if member not in self.heard_s:
            return False
        self.heard_s[member] = now_s
        return self._waits_until_s is None and generation == self.generation

    def given(self, member: Any) -> tuple[int, frozenset[int]] | None:
        """Gives the generation, and the partition numbers of a member; None while others are waited for."""
        if self._waits_until_s is not None or member not in self._given:
            return None
        return self.generation, self._given[member]

    def rebalance(self, now_s: float) -> None:
        """Has all members join again."""
        if self._waits_until_s is None:
            self._waits_until_s = now_s + REBALANCE_WITHIN_S
            self._joined = set()

    def begin_anew(self, now_s: float) -> None:
        """Gives all members their time again, as a coordinator that has restarted does."""
        self.heard_s = dict.fromkeys(self.heard_s, now_s)
        if self._waits_until_s is not None:
            self._waits_until_s = now_s + REBALANCE_WITHIN_S

    def look(self, now_s: float) -> None:
        """Puts out who is not heard of; ends a rebalance once all have joined, or it has taken too long."""
        late = [member for member, heard_s in self.heard_s.items() if heard_s + SESSION_S < now_s]
        for member in late:
            if member not in self._joined:  # one that waits to be let in is not waited for
                self.leave(member, now_s)
        if self._waits_until_s is None:
            return
        if self._joined >= self.heard_s.keys() or now_s > self._waits_until_s:
            for member in self.heard_s.keys() - self._joined:
                del self.heard_s[member]
            members = sorted(self.heard_s, key=lambda member: member.name)
            self._given = {
                member: frozenset(range(self._partitions)[index :: len(members)])
                for index, member in enumerate(members)
            }
            self.generation += 1
            self._waits_until_s = None
            self._joined = set()
            for member in members:
                self.heard_s[member] = now_s
                member.hear()
