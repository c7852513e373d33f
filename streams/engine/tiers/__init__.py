"""Which tier a customer earns, which one is served, and how either changes.

    step (an event, or time alone) -> measures.fold -> rated: the figures -> conditions: which floors are met
                                   -> tenure: protection, grace, term -> decide -> TierChange, or none

`step.py` is the way in for whatever happens; `decide.py` makes the one decision, from figures and tenure. `stands.py`
tells which decisions need not be made. `outlook.py` runs the same code forward on copies of a state, for `explain` and
the console.

What may live here: rules of tiers, that is conditions, ratings, pins, protection, grace. How a figure comes about is
said in `measures`; what follows from a change for campaigns and loans, in the packages that are called after it.

May be imported here: `engine.measures`, `engine`, `policy`, `values`.
"""
