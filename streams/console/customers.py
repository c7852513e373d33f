"""One customer: the newest change and measures, the explanation, the history; and the customers of a tier."""

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from streams.console import given
from streams.console.answers.customers import History, HistoryEntry, TierCustomer, TierCustomers
from streams.console.aside import Aside
from streams.console.asked import Asked, answer
from streams.console.explained import Question, explain_it
from streams.console.refused import later, not_found
from streams.contracts.packing import ChangelogRecordError, unpack_header
from streams.errors import UsageError
from streams.history.queries import Place
from streams.kafka.wall_clock import wall_ms


def customer_handler(asked: Asked) -> Handler:
    """Makes the handler: what the worker answers about a customer."""

    async def customer(request: web.Request) -> web.StreamResponse:
        body = await asked.worker.customer(given.customer_id(request))
        return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})

    return customer


def explanation_handler(asked: Asked, aside: Aside) -> Handler:
    """Makes the handler: why this tier, what is missing for the next, what keeps it; in sentences, too."""

    async def explanation(request: web.Request) -> web.StreamResponse:
        customer_id = given.customer_id(request)
        state = await asked.worker.state(customer_id)
        at_ms = state.clock_ms if asked.settings.clock == "event" else max(state.clock_ms, wall_ms())
        lost = await asked.queries.newest_downgrade(customer_id)
        try:
            document = await asked.policies.document_of(unpack_header(state.packed).policy_mark)
            question = Question(customer_id, state.packed, state.clock_ms, document, at_ms, lost, state.rates)
            body = await aside.ask(request, explain_it, question)
        except UsageError as error:  # for a moment after a policy was published
            raise later("The policy that rated this customer is not known here yet.") from error
        except ChangelogRecordError as error:
            raise later("Another release wrote this customer's state: the console has to be of it, too.", 60) from error
        return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})

    return explanation


def history_handler(asked: Asked) -> Handler:
    """Makes the handler: what was decided of a customer, the newest first."""

    async def history(request: web.Request) -> web.StreamResponse:
        asked.check_built()
        limit, after = given.limit(request), given.after(request, Place)
        found = await asked.queries.of_customer(given.customer_id(request), limit + 1, after)
        page, at = found[:limit], (await asked.calendar()).rfc3339
        items = [
            HistoryEntry(at=at(one.place.at_ms), kind=one.kind, message=msgspec.Raw(one.message))  # type: ignore[arg-type]
            for one in page
        ]
        following = given.cursor(page[-1].place) if len(found) > limit else None
        return answer(History(items=items, next=following))

    return history


def tier_customers_handler(asked: Asked) -> Handler:
    """Makes the handler: the customers of a tier."""

    async def tier_customers(request: web.Request) -> web.StreamResponse:
        asked.check_built()
        tier, limit = request.match_info["tier"], given.limit(request)
        in_force = await asked.policies.in_force()
        found = []
        if tier.isprintable() and tier.isascii():
            found = await asked.queries.standings(tier, limit + 1, given.after(request, str) or "")
        if not found and (in_force is None or tier not in in_force.compiled.policy.rank):
            raise not_found("The policy in force has no such tier.")
        page = found[:limit]
        items = [
            TierCustomer(
                customer_id=one.customer_id,
                since=one.since,
                value=one.value,
                currency=one.currency,
                earned_tier=one.earned_tier,
            )
            for one in page
        ]
        following = given.cursor(page[-1].customer_id) if len(found) > limit else None
        return answer(TierCustomers(items=items, next=following))

    return tier_customers
