"""The console: an API over all that tierflow knows, and the page that people work with (docs/api.md).

    request -> limits (api) -> guarded: who asks, may that one -> handler -> index (history), worker, Kafka

`routes.py` lists the routes; a handler is in the module of what it is about, its answer in that of the same name in
`answers`, of which docs/openapi.json is made (`openapi.py`). `access.py` is the door: roles, foreign pages, the audit
of what changes something. `identity.py` says who asks: by `tokens.py`, or by `oidc.py`. What a customer has now is
asked of a worker (`worker.py`); why, of `explain`; what was, of `history`.

No rule stands here a second time, nothing of a customer is logged, and no handler waits for a disk in the event loop.

May be imported here: `api`, `contracts`, `engine`, `errors`, `explain`, `history`, `kafka`, `languages`, `policy`,
`security`, `settings`, `signals`, `simulate`, `values`.
"""
