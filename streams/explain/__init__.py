"""This package explains a customer's tier: why it is served, what the next one needs, what keeps this one.

    changelog, tier.policies  ->  known  ->  explanation (the engine, run forward on a copy)  ->  message

`known.py` reads the customer's newest committed state from Kafka, with the policy that rated it. `explanation.py` asks
the engine, without I/O, and fills the message. `message.py` holds that message: structs that `tierflow explain --json`
prints as they are (docs/commands.md#tierflow-explain-why-this-tier-what-is-missing-what-keeps-it).

No rule is written here a second time: what decides belongs to `engine`. Text for people belongs to `cli`. Nothing here
writes to a topic.

May be imported here: `contracts`, `engine`, `errors`, `kafka`, `languages`, `policy`, `sealing`, `settings`, `values`.
"""
