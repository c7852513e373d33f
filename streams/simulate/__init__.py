"""This package works events offline, with the engine of the worker, and compares two policies on the same events.

    events of a file, or of the input topics  ->  Simulation  ->  Chunk: tier changes and the other outputs
    two Simulations of the same events        ->  matrix      ->  picture  ->  svg, png

`simulation.py` runs `Customers` and `Budgets` on one event clock; it does no I/O. `inputs.py` merges the partitions of
the input topics into one stream. `matrix.py` counts which customer has which tier under each policy, `spent.py` what
campaigns pay, `sentences.py` tells both, `picture.py` lays them out, `moves.py` makes the matrix of the input topics
and two policies, `svg.py` and `png.py` write it. `samples.py` makes the examples of docs/asyncapi.json.

Nothing here decides a tier, writes to Kafka or prints: rules belong to `engine`, options and tables to `cli`.

May be imported here: `contracts`, `intake`, `kafka`, `languages`, `partition`, `policy`, `settings`, `values`.
"""

from streams.simulate.simulation import Chunk, Output, Simulation

__all__ = ["Chunk", "Output", "Simulation"]
