"""`tierflow deliver`: posts tier changes, triggers and risk messages to endpoints, at least once (docs/deliver.md).

    topics -> Subscription -> filter -> Pending -> Sender -> endpoint -> Answer -> Pending -> positions -> commit

A courier (`courier.py`) joins these for one endpoint; `run.py` runs all couriers. The rules are in `pending.py` (order,
tries), `health.py` (how much an endpoint may get) and `positions.py` (what may be committed), which do no I/O and read
no clock. `answers.py` says what an answer means, `request.py` writes a request. `parked.py` and `resend.py` are for
events that were given up. `metrics_server.py` serves the metrics.

Nothing here changes an event: its body is sent byte for byte. Commands and what they print belong in `cli`.

May be imported here: `api`, `contracts`, `engine`, `errors`, `kafka`, `policy`, `security`, `settings`, `signals`,
`tracing`.
"""
