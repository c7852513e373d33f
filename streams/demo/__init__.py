"""This package is the demo: a small bank on this machine, with a real Kafka, a real worker and a live view.

    Bank (events)  ->  input topics  ->  worker  ->  output topics  ->  Figures  ->  View
                                                     all topics     ->  audit    ->  summary

`run.py` goes through the demo from start to end: `stage.py` sets up the broker, the topics and the settings, `play.py`
sends events, made by `events.py`, and reads what comes of them (`clients.py`), `figures.py` counts it, `view.py` shows
it. `policy.py` writes the demo's policy file.

The demo reads the worker's topics and HTTP answers as any subscriber would. Nothing here decides anything for a
customer, and nothing else depends on the demo but its command and `tierflow watch`, which shares `styles.py`.

May be imported here: `audit`, `bench`, `contracts`, `errors`, `kafka`, `languages`, `policy`, `settings`, `signals`,
`values`.
"""
