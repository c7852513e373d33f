"""POST /api/policies/compare: who would move under another policy, by what the inputs hold; as `simulate --compare`."""

from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler
from aiokafka.errors import KafkaError

from streams.console import given
from streams.console.answers.compared import Compared, Moved, PolicyId
from streams.console.answers.policies import PolicyBody
from streams.console.aside import Aside
from streams.console.asked import Asked, answer
from streams.console.refused import RefusedError, bad_request, later
from streams.errors import UsageError
from streams.policy.check.check import check
from streams.policy.compile.load import load_published
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.simulate.inputs import count_inputs
from streams.simulate.matrix import written_at
from streams.simulate.moves import moves_between

MOST_EVENTS: Final = 500_000
"""More take longer than somebody waits for; `tierflow policy publish --moves` works any number."""


def compare_handler(asked: Asked, aside: Aside) -> Handler:
    """Makes the handler."""

    async def compare(request: web.Request) -> web.StreamResponse:
        body = await given.body(request, PolicyBody)
        in_force = await asked.policies.in_force()
        if in_force is None:
            raise RefusedError(HTTPStatus.CONFLICT, "No policy is in force yet.")
        before = in_force.compiled.policy.document
        try:
            found = await aside.ask(request, compared, asked.settings, before, body.toml)
        except UsageError as error:
            raise later("The inputs cannot be read now.", 5) from error
        if isinstance(found, str):
            raise RefusedError(HTTPStatus.CONFLICT, found)
        if found is None:
            raise bad_request("The policy cannot be used; POST /api/policies/check says why.")
        return answer(found)

    return compare


def compared(settings: Settings, before: str, after: str) -> Compared | str | None:
    """Works the inputs under both policies; None where the second cannot be used, a sentence where they are too many.

    Raises:
        UsageError: The inputs cannot be read.
    """
    first, second = load_published(before), check(after).policy
    if second is None:
        return None
    try:
        events = count_inputs(settings)
        if events > MOST_EVENTS:
            return (
                f"The inputs hold {events:,} records, more than {MOST_EVENTS:,}; use tierflow policy publish --moves."
            )
        matrix = moves_between(first, second, settings)
    except KafkaError as error:
        raise UsageError("Kafka does not answer") from error
    moved = [Moved(from_=row, to=column, customers=count) for (row, column), count in sorted(matrix.counts.items())]
    return Compared(
        customers=matrix.customers,
        from_=_id(first),
        to=_id(second),
        matrix=moved,
        events=events,
        first_at=written_at(matrix, matrix.first_ms),
        last_at=written_at(matrix, matrix.last_ms),
    )


def _id(policy: Policy) -> PolicyId:
    return PolicyId(name=policy.name, version=policy.version, digest=policy.digest)
