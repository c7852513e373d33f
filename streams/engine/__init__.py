"""This package decides: what an event, time alone or another policy does to a customer's state, and what comes of it.

    Case: state, policy, instant, event -> apply -> tiers -> campaigns -> loans -> Outcome: change, triggers, risks
                                                      |
                                                      measures: sums in the state, and figures of them

`apply.py` is the way in. It changes the state in place and gives what is to be written. The other modules directly in
this folder are the ground that the inner packages stand on: what is kept of a customer (`state`, `codec`, `remember`),
what one decision looks at (`case`), what the engine gives (`outcomes`, `prospects`), when ratings are (`ratings`).

What may live here: rules, as pure functions of values. Nothing here does I/O, reads a clock or uses a float, and
nothing knows of Kafka or JSON: the form of a message belongs in `contracts`, the order of events in `partition`.

May be imported here: `policy`, `values`.
"""
