"""The HTTP side of a worker: customers, tiers, health, metrics and the console page.

    request -> problems -> authorization -> handler -> TierSource (this worker) or Peers (another worker)

`routes.py` lists the routes and puts them into the web application that Faust serves. A handler is a module. What it
asks of its worker is the protocol in `source.py`, which worker/serving.py answers. What another worker holds is asked
of that worker (`peers.py`). Errors are application/problem+json (`problem.py`).

Handlers, middlewares and the page may live here. Nothing here knows Faust, Kafka or the engine: what a customer's tier
and measures are is the source's business.

May be imported here: `metrics`, `settings`.
"""
