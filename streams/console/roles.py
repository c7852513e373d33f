"""Who asks, and what each role may do."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from streams.console.answers.session import Permission, Session
from streams.security.console_access import ROLES, Role

_MAY: Final[Mapping[Role, tuple[Permission, ...]]] = {
    "viewer": (),
    "agent": ("read_customers",),
    "operator": ("pin", "replay", "propose"),
    "admin": ("approve",),
}
"""What each role may do that the one before it may not."""


class Who(NamedTuple):
    """Who asks: by a token, or at a console that knows nobody the one at the machine.

    id: tells two of one name apart; a name may change at an issuer, an id does not.
    """

    name: str
    role: Role
    id: str = ""

    def has(self, role: Role) -> bool:
        """Says whether this one may do what the role may."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def session(self) -> Session:
        """Says it for the page."""
        may = [permission for role in ROLES if self.has(role) for permission in _MAY[role]]
        return Session(name=self.name, role=self.role, may=may)
