"""More partitions: raises all topics of the stages and moves every customer and budget to its new place.

    ground (look) -> marks -> raise -> moves -> finish

Each step finds out by itself what is left of it, so it may be cut off anywhere and called again; the steps and the
reasons stand in docs/adr/0007-more-partitions-by-moving-every-customer.md. `ground.py` says what is found and whether
it may be done, `marks.py` keeps workers out, `moves.py` moves, `finish.py` lets them in again, `run.py` is all of it.

What is moved, and to where, is said in `stages` (Stage.place, Stage.moved), which the audit uses, too.

May be imported here: `contracts`, `errors`, `kafka`, `policy`, `sealing`, `settings`, `stages`, `values`.
"""
