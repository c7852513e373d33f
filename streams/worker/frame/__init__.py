"""The parts of Faust 0.15.3 and aiokafka 0.14.0 that are replaced, so that lanes get records a fetch at a time.

    broker -> FetchThread -> FetchConsumer -> agent (app.py) -> lane
    assignment -> LaneRecovery -> the app's lanes take over -> seek -> records flow

`transport.py` passes on one message a fetch. `recovery.py` has lanes take their partitions over where Faust would
recover tables. `ending.py` has a worker end when it is asked, and within a time. An override uses an extension point of
Faust or a private name of these exact versions; an upgrade begins with tests/worker/test_faust_assumptions.py
(docs/adr/0001-faust-as-the-frame.md). Nothing here knows a stage, a state or a transaction.

May be imported here: `errors`, `kafka`, `logs`, `signals`.
"""
