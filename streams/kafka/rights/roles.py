"""All roles, by the names that `tierflow acls --role` takes."""

from collections.abc import Callable, Mapping

from streams.kafka.rights.commands import (
    audit,
    customers,
    dead_letters,
    explain,
    grow,
    load,
    parked,
    policy,
    replay,
    resend,
    simulate,
    topics,
)
from streams.kafka.rights.programs import console, deliver, intake, producer, reader, worker
from streams.kafka.rights.right import Rows
from streams.settings import Settings


def operator(settings: Settings) -> Rows:
    """Gives the rows of a person who operates tierflow: all commands that change something, but worker and deliver."""
    roles = (topics, grow, policy, simulate, replay, resend, customers)
    return [row for role in roles for row in role(settings)]


ROLES: Mapping[str, Callable[[Settings], Rows]] = {
    "worker": worker,
    "producer": producer,
    "deliver": deliver,
    "reader": reader,
    "audit": audit,
    "explain": explain,
    "console": console,
    "simulate": simulate,
    "load": load,
    "intake": intake,
    "topics": topics,
    "grow": grow,
    "policy": policy,
    "customers": customers,
    "dead-letters": dead_letters,
    "replay": replay,
    "parked": parked,
    "resend": resend,
    "operator": operator,
}
