"""The worker: a Faust app that works its share of every stage's partitions, each record exactly once.

    input topics -> frame (a fetch at a time) -> agent -> lane -> Partition -> one transaction -> output topics

A lane (`lane.py`, its tasks in `tasks.py`) is the serial work on one partition number of a stage; `inbox.py`, `held.py`
and `ends.py` say what it works next, `batches.py` works it. `owned.py` has its state and its producers; `takeover.py`
and `leftovers.py` say when it may continue, `transactions.py` commits, `broker.py` asks the broker and Faust's consumer
behind `ports.py`.
`app.py` gives lanes their partitions, `watches.py` watches over them, `serving.py` answers HTTP from memory, `run.py`
starts it all.

Faust is known here and nowhere else; what replaces its parts lives in `frame`. What a stage computes belongs in
`partition`, which topics it has in `stages`, and what any client of Kafka needs in `kafka`.

May be imported here: `api`, `contracts`, `engine`, `errors`, `intake`, `kafka`, `logs`, `metrics`, `partition`,
`policy`, `sealing`, `settings`, `signals`, `stages`, `tracing`, `values`.
"""
