"""The wire forms of all that is written: bytes to values, and values to bytes.

    record of an input topic          -> decode                   -> event, or a Rejection with its reason
    state, newest change, lane record <-> packing                 <-> record of a changelog
    change, trigger, risk message     -> changes, triggers, risks -> JSON and CloudEvents headers
    change, trigger, risk message     <-> sealed                  <-> JSON that only a key opens
    structs of inputs and outputs     -> schemas, asyncapi        -> docs/schemas, docs/asyncapi.json

The structs are in `inputs` (what the bank writes), `outputs` (what tierflow writes), `kept` (what the changelog holds),
`shown` and `numbered` (what is read of an output again). docs/messages.md says what each message means.

What may live here: the form of a record, its schema, and its words for people. No rule and no decision belongs here:
these are the engine's. Nothing here talks to Kafka.

May be imported here: `engine`, `languages`, `policy`, `sealing`, `values`.
"""
