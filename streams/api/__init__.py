"""The HTTP side of a worker: customers, tiers, health, metrics and a small page of its own.

    connection -> limits -> request -> authorization -> handler -> TierSource (this worker) or Peers (another worker)

`server.py` is the server of every process: `protocol.py` holds a connection within the limits, `connections.py` says
who has to go. `routes.py` lists a worker's routes. A handler is a module. What it asks of its worker is the protocol in
`source.py`, which worker/serving.py answers. What another worker holds is asked of that worker (`peers.py`); both sign
(`signatures.py`). Errors are application/problem+json (`problem.py`).

Handlers, middlewares and the page may live here. Nothing here knows Faust, Kafka or the engine: what a customer's tier
and measures are is the source's business.

May be imported here: `errors`, `metrics`, `security`, `settings`.
"""
