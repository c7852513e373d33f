"""The stand-in's server: the routes of the console's API, and the built page."""

import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from console.stand_in import answers, policies
from console.stand_in.bank import Bank, when
from console.stand_in.stream import send

PAGE = Path(__file__).parents[2] / "streams/console/page"
MAY = {
    "viewer": [],
    "agent": ["read_customers"],
    "operator": ["read_customers", "pin", "replay", "propose"],
    "admin": ["read_customers", "pin", "replay", "propose", "approve"],
}
NAMES = {"viewer": "Guest", "agent": "Chen Mei", "operator": "Wu Jun", "admin": "Huang Li"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class StandIn:
    """The made-up bank behind HTTP. tokens: roles by token; none: everybody has `role`."""

    def __init__(
        self, role: str = "admin", tokens: dict[str, str] | None = None, rate: float = 0.8, *, bounded: bool = True
    ) -> None:
        self.bank, self.role, self.tokens, self.rate, self.bounded = Bank(), role, tokens or {}, rate, bounded
        self.app = web.Application(middlewares=[self._headers])
        add = self.app.router.add_route
        gets: dict[str, Callable[[web.Request], Any]] = {
            "session": self._session,
            "tiers": lambda _: answers.tiers(self.bank),
            "flows": lambda request: answers.flows(request.query.get("span", "day")),
            "rates": lambda request: answers.rates(int(request.query.get("minutes", "60"))),
            "operations": lambda _: answers.operations(),
            "campaigns": lambda _: {"items": answers.campaigns(self.bank)},
            "policies": lambda _: {
                "in_force": {**answers.IN_FORCE, "since": when(timedelta(days=31))},
                "items": [
                    {**answers.IN_FORCE, "at": when(timedelta(days=31))},
                    {"name": "cards", "version": 0, "digest": "sha256:0", "at": when(timedelta(days=300))},
                ],
            },
            "policies/{digest}": self._policy,
            "proposals": lambda _: {"items": self.bank.proposals[::-1]},
            "dead-letters": self._letters,
        }
        for path, answer in gets.items():
            add("GET", f"/api/{path}", self._json(answer))
        for path, answer in {
            "customers/{id}/explanation": lambda request: answers.explanation(self.bank, self._customer(request)),
            "customers/{id}/history": lambda request: self._page(
                request, answers.history(self.bank, self._customer(request))
            ),
            "tiers/{id}/customers": lambda request: self._page(
                request, answers.of_tier(self.bank, request.match_info["id"])
            ),
            "loans": self._loans,
        }.items():
            add("GET", f"/api/{path}", self._json(answer, "read_customers"))
        add("POST", "/api/policies/check", self._written(lambda body: policies.check(body["toml"])))
        add(
            "POST",
            "/api/policies/compare",
            self._written(lambda body: policies.compare(self.bank, body["toml"]), "propose"),
        )
        add("POST", "/api/dead-letters/replay", self._written(self._replay, "replay"))
        add("POST", "/api/proposals", self._propose)
        add("POST", "/api/proposals/{id}/approve", self._approve)
        add("PUT", "/api/customers/{id}/pin", self._pin)
        add("DELETE", "/api/customers/{id}/pin", self._pin)
        add("GET", "/api/stream", self._stream)
        add("GET", "/", self._document)
        self.app.router.add_static("/", PAGE)

    # --- who asks ---

    def _who(self, request: web.Request) -> str:
        if not self.tokens:
            return self.role
        role = self.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if role is None:
            raise _problem(401, "A token is needed.")
        return role

    def _needs(self, request: web.Request, may: str | None) -> str:
        role = self._who(request)
        if may and may not in MAY[role]:
            raise _problem(403, f"The role {role} may not do this.")
        return role

    @web.middleware
    async def _headers(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = POLICY
            if not request.path.startswith("/api/stream"):
                response.enable_compression()
        return response

    def _json(self, answer: Callable[[web.Request], Any], may: str | None = None) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._needs(request, may)
            return web.json_response(answer(request), headers={"Cache-Control": "no-cache"})

        return handle

    def _written(self, answer: Callable[[Any], Any], may: str | None = None) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._needs(request, may)
            return web.json_response(answer(await request.json()))

        return handle

    # --- answers that need more than the bank ---

    def _session(self, request: web.Request) -> dict[str, Any]:
        role = self._who(request)
        return {"name": NAMES[role], "role": role, "may": MAY[role]}

    def _customer(self, request: web.Request) -> Any:
        found = self.bank.customers.get(request.match_info["id"])
        if found is None:
            raise _problem(404, "No such customer.")
        return found

    def _page(self, request: web.Request, items: list[Any]) -> dict[str, Any]:
        first, limit = int(request.query.get("after", "0")), int(request.query.get("limit", "50"))
        last = first + limit
        return {"items": items[first:last], "next": str(last) if last < len(items) else None}

    def _loans(self, request: web.Request) -> dict[str, Any]:
        kind, outcome = request.query.get("kind"), request.query.get("outcome")
        return self._page(
            request,
            [
                loan
                for loan in answers.loans(self.bank)
                if kind in (None, loan["kind"]) and outcome in (None, loan.get("outcome"))
            ],
        )

    def _policy(self, request: web.Request) -> dict[str, Any]:
        toml = self.bank.files.get(request.match_info["digest"])
        if toml is None:
            raise _problem(404, "This file is no longer kept.")
        return {
            **answers.IN_FORCE,
            "digest": request.match_info["digest"],
            "toml": toml,
            "words": policies.words_of(toml),
        }

    def _letters(self, request: web.Request) -> dict[str, Any]:
        reason = request.query.get("reason")
        page = self._page(request, [one for one in self.bank.letters if reason in (None, one["reason"])])
        return {**page, "reasons": dict(Counter(one["reason"] for one in self.bank.letters))}

    def _replay(self, body: Any) -> dict[str, Any]:
        ids = set(body["ids"])
        refused = [one["id"] for one in self.bank.letters if one["id"] in ids and one["reason"] == "malformed"]
        self.bank.letters = [one for one in self.bank.letters if one["id"] not in ids or one["id"] in refused]
        return {
            "replayed": len(ids) - len(refused),
            "refused": [
                {"id": one, "why": "Its bytes are not JSON: sent again they would come back."} for one in refused
            ],
        }

    async def _propose(self, request: web.Request) -> web.StreamResponse:
        role, body = self._needs(request, "propose"), await request.json()
        digest = "sha256:" + hashlib.sha256(body["toml"].encode()).hexdigest()
        self.bank.files[digest] = body["toml"]
        made = {
            "id": len(self.bank.proposals) + 1,
            "name": "cards",
            "version": 2,
            "digest": digest,
            "note": body["note"],
            "proposed_by": NAMES[role],
            "proposed_at": when(timedelta()),
            "approved_by": None,
            "approved_at": None,
        }
        self.bank.proposals.append(made)
        return web.json_response(made, status=201)

    async def _approve(self, request: web.Request) -> web.StreamResponse:
        role = self._needs(request, "approve")
        found = next(one for one in self.bank.proposals if str(one["id"]) == request.match_info["id"])
        if found["proposed_by"] == NAMES[role]:
            raise _problem(409, "Who proposed a policy may not approve it.")
        found.update(approved_by=NAMES[role], approved_at=when(timedelta()))
        return web.json_response(found)

    async def _pin(self, request: web.Request) -> web.StreamResponse:
        role, customer, body = self._needs(request, "pin"), self._customer(request), await request.json()
        if request.method == "PUT":
            customer.pin = {**body, "by": NAMES[role], "at": when(timedelta())}
            customer.tiers.append((body["tier"], timedelta(), "pin_set"))
        else:
            customer.pin = None
            customer.tiers.append((self.bank.earned(customer.value), timedelta(), "pin_ended"))
        return web.json_response({"event_id": "console:1"}, status=202)

    async def _document(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        role = self._who(request)
        return await send(request, self.bank, self.rate, named="read_customers" in MAY[role], bounded=self.bounded)


def _problem(status: int, detail: str) -> web.HTTPException:
    kind = {401: web.HTTPUnauthorized, 403: web.HTTPForbidden, 404: web.HTTPNotFound, 409: web.HTTPConflict}[status]
    return kind(text=f'{{"status": {status}, "detail": "{detail}"}}', content_type="application/problem+json")
