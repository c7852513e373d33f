"""All routes of the console's API, and their installation in a web application."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from aiohttp import web

from streams.api.peers import Peers
from streams.console.access import guarded, validated
from streams.console.answers.bank import Campaigns, Flows, LoanMessages, Rates, Tiers
from streams.console.answers.compared import Compared
from streams.console.answers.customers import History, TierCustomers
from streams.console.answers.dead_letters import DeadLetters, ReplayBody, Replayed
from streams.console.answers.explained import Explained
from streams.console.answers.pins import Accepted, PinBody, UnpinBody
from streams.console.answers.policies import Checked, Policies, PolicyBody, PolicyText
from streams.console.answers.proposals import Proposal, ProposalBody, Proposals
from streams.console.answers.session import Session
from streams.console.answers.workers import Operations
from streams.console.aside import Aside
from streams.console.asked import Asked
from streams.console.bank import (
    LOANS,
    MOST_MINUTES,
    SPANS_MS,
    campaigns_handler,
    flows_handler,
    loans_handler,
    rates_handler,
    tiers_handler,
)
from streams.console.compared import compare_handler
from streams.console.customers import (
    customer_handler,
    explanation_handler,
    history_handler,
    tier_customers_handler,
)
from streams.console.dead_letters import dead_letters_handler, replay_handler
from streams.console.files import page
from streams.console.given import LARGEST_PAGE, PAGE
from streams.console.identity import Identities
from streams.console.operating import healthz, readyz_handler, session
from streams.console.pins import ACCEPTED, pin_handler, unpin_handler
from streams.console.policies import check_handler, policies_handler
from streams.console.proposals import CREATED, approve_handler, policy_handler, proposals_handler, propose_handler
from streams.console.route import Query, Route
from streams.console.stream import Arrivals, stream_handler
from streams.console.workers import operations_handler

EXPLAINED_WITHIN_S: Final = 30.0
CHECKED_WITHIN_S: Final = 10.0
COMPARED_WITHIN_S: Final = 120.0
_PAGE: Final = (
    Query(
        "limit",
        "How many items a page has at most.",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE},
    ),
    Query("after", "The `next` of the page before.", {"type": "string"}),
)
_SPAN: Final = Query("span", "How far back.", {"enum": list(SPANS_MS), "default": "day"})
_MINUTES: Final = Query(
    "minutes", "How many minutes.", {"type": "integer", "minimum": 1, "maximum": MOST_MINUTES, "default": 60}
)
_LOAN_KIND: Final = Query("kind", "Decisions, or alerts.", {"enum": list(LOANS), "default": "decision"})
_OUTCOME: Final = Query("outcome", "Those of this outcome, or reason, alone.", {"type": "string"})
_REASON: Final = Query("reason", "Those of this reason alone.", {"type": "string"})
_STREAM: Final = (
    Query("kinds", "Which, with commas between them: tier, campaign, loan, alert.", {"type": "string"}),
    Query("tier", "Those of this tier alone.", {"type": "string"}),
    Query("customer", "Those of this customer alone.", {"type": "string"}),
)


class Asides(NamedTuple):
    """The processes beside the server's: one that is kept busy keeps nobody else waiting."""

    explaining: Aside
    checking: Aside
    comparing: Aside


def routes(asked: Asked, arrivals: Arrivals, peers: Peers, asides: Asides) -> Sequence[Route]:
    """Gives all routes of the API. peers, asides: must be opened before the first request."""
    return [
        Route("GET", "/api/session", "viewer", "Who asks, and what that one may do", session, Session),
        Route("GET", "/api/tiers", "viewer", "How many customers each tier has", tiers_handler(asked), Tiers),
        Route(
            "GET",
            "/api/tiers/{tier}/customers",
            "agent",
            "The customers of a tier",
            tier_customers_handler(asked),
            TierCustomers,
            _PAGE,
            refusals=(404, 503),
        ),
        Route("GET", "/api/flows", "viewer", "Changes from tier to tier", flows_handler(asked), Flows, (_SPAN,)),
        Route(
            "GET",
            "/api/rates",
            "viewer",
            "What was decided, by minute",
            rates_handler(asked),
            Rates,
            (_MINUTES,),
        ),
        *_of_customers(asked, asides.explaining),
        Route(
            "GET",
            "/api/campaigns",
            "viewer",
            "The campaigns and their triggers",
            campaigns_handler(asked),
            Campaigns,
        ),
        Route(
            "GET",
            "/api/loans",
            "agent",
            "Loan decisions, or alerts",
            loans_handler(asked),
            LoanMessages,
            (_LOAN_KIND, _OUTCOME, *_PAGE),
            refusals=(503,),
        ),
        *_of_policies(asked, asides),
        *_of_letters(asked),
        Route(
            "GET",
            "/api/operations",
            "viewer",
            "How the workers are",
            operations_handler(asked, peers),
            Operations,
        ),
        Route(
            "GET",
            "/api/stream",
            "viewer",
            "What is decided, as it is committed: server-sent events",
            stream_handler(asked, arrivals),
            None,
            _STREAM,
            refusals=(503,),
        ),
    ]


def _of_customers(asked: Asked, aside: Aside) -> Sequence[Route]:
    return [
        Route(
            "GET",
            "/api/customers/{customer_id}",
            "agent",
            "The newest tier change of a customer, and the measures as of now",
            customer_handler(asked),
            dict,
            refusals=(308, 404, 503),
        ),
        Route(
            "GET",
            "/api/customers/{customer_id}/explanation",
            "agent",
            "Why this tier, what is missing for the next, what keeps it",
            explanation_handler(asked, aside),
            Explained,
            refusals=(308, 404, 503),
        ),
        Route(
            "GET",
            "/api/customers/{customer_id}/history",
            "agent",
            "What was decided of a customer",
            history_handler(asked),
            History,
            _PAGE,
            refusals=(404, 503),
        ),
        Route(
            "PUT",
            "/api/customers/{customer_id}/pin",
            "operator",
            "Fix a customer's tier until a time",
            pin_handler(asked),
            Accepted,
            body=PinBody,
            status=ACCEPTED,
            refusals=(404, 503),
        ),
        Route(
            "DELETE",
            "/api/customers/{customer_id}/pin",
            "operator",
            "Let a fixed tier go",
            unpin_handler(asked),
            Accepted,
            body=UnpinBody,
            status=ACCEPTED,
            refusals=(404, 503),
        ),
    ]


def _of_letters(asked: Asked) -> Sequence[Route]:
    return [
        Route(
            "GET",
            "/api/dead-letters",
            "operator",
            "Inputs that could not be used, without their bytes",
            dead_letters_handler(asked),
            DeadLetters,
            (_REASON, *_PAGE),
            refusals=(503,),
        ),
        Route(
            "POST",
            "/api/dead-letters/replay",
            "operator",
            "Send dead letters again, each once",
            replay_handler(asked),
            Replayed,
            body=ReplayBody,
            refusals=(503,),
        ),
    ]


def _of_policies(asked: Asked, asides: Asides) -> Sequence[Route]:
    return [
        Route(
            "GET",
            "/api/policies",
            "viewer",
            "The policies that were published",
            policies_handler(asked),
            Policies,
        ),
        Route(
            "GET",
            "/api/policies/{digest}",
            "viewer",
            "A policy, and what it does in words",
            policy_handler(asked),
            PolicyText,
            refusals=(404,),
        ),
        Route(
            "POST",
            "/api/policies/check",
            "viewer",
            "What is wrong or odd in a policy file",
            check_handler(asides.checking),
            Checked,
            body=PolicyBody,
        ),
        Route(
            "POST",
            "/api/policies/compare",
            "operator",
            "Who would move under another policy, by what the inputs hold",
            compare_handler(asked, asides.comparing),
            Compared,
            body=PolicyBody,
            refusals=(409, 503),
        ),
        Route(
            "GET",
            "/api/proposals",
            "operator",
            "Policies that are proposed",
            proposals_handler(asked),
            Proposals,
        ),
        Route(
            "POST",
            "/api/proposals",
            "operator",
            "Propose a policy",
            propose_handler(asked, asides.checking),
            Proposal,
            body=ProposalBody,
            status=CREATED,
        ),
        Route(
            "POST",
            "/api/proposals/{id}/approve",
            "admin",
            "Put a policy in force that somebody else has proposed",
            approve_handler(asked),
            Proposal,
            refusals=(404, 409, 503),
        ),
    ]


def install(web_app: web.Application, asked: Asked, arrivals: Arrivals, identities: Identities) -> None:
    """Adds the API and the page to an application that is not started yet."""
    web_app.middlewares.append(validated)
    peers, asides = (
        Peers(asked.settings),
        Asides(
            Aside(EXPLAINED_WITHIN_S),
            Aside(CHECKED_WITHIN_S, takes_long=True),
            Aside(COMPARED_WITHIN_S, takes_long=True),
        ),
    )
    web_app.cleanup_ctx.append(asked.worker.opened)
    web_app.cleanup_ctx.append(peers.opened)
    for aside in asides:
        web_app.cleanup_ctx.append(aside.opened)
    for route in routes(asked, arrivals, peers, asides):
        web_app.router.add_route(route.method, _pattern(route.path), guarded(route, identities))
    web_app.router.add_get("/healthz", healthz)
    web_app.router.add_get("/readyz", readyz_handler(asked))
    web_app.router.add_get("/{path:(?!api/).*}", page)


def _pattern(path: str) -> str:
    """Gives the path as aiohttp takes it: a part may hold any sign, a slash as %2F; a digest says what it is."""
    return re.sub(r"\{(\w+)\}", r"{\1:[^/]+}", path.replace("{digest}", "{digest:sha256:[^/]+}"))
