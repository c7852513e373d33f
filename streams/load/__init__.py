"""This package puts data sets into the input topics: files of events, and the bank data of PKDD'99 (Berka).

    events.jsonl                   ->  events                         ->  waves  ->  produce  ->  input topics
    trans.asc, loan.asc, disp.asc  ->  berka_files, standing, berka   ->  waves  ->  produce  ->  input topics
    rows, statements, a mapping    ->  mapped                         ->  waves  ->  produce  ->  input topics

A source is a function that yields waves: events in the order in which they are to be sent. `produce.py` sends the
waves of any source, each event to the partition of its key. A further data set is a further source. See
docs/commands.md#tierflow-load-events-into-kafka.

Values go out unchecked: what the engine cannot use becomes a dead letter. Nothing here decides a tier or reads a topic.

`trial.py` shows records beside what comes of them, `suggested.py` makes a first mapping of them; both send nothing.

May be imported here: `contracts`, `errors`, `intake`, `kafka`, `policy`, `settings`, `values`.
"""
