"""The way in: records of a bank's own topics and files to input events, by a mapping (docs/intake.md).

    config/sources.toml -> language -> compile -> Source
    SourceRecord -> Source.map: formats -> Row -> tables and fields -> Mapped | Skipped | Refusal

`Source.map` (source.py) is the one way from a record to events: pure, values in, values out. A mapping is compiled
once; then a record is a few look-ups. What is mapped is what contracts/decode.py takes; what cannot be mapped says why,
at which field, of which record. Amounts pass through no float.

What may live here: formats, mappings, and what is said about them. Reading topics and files and sending events belong
elsewhere: to `load`, to the commands.

May be imported here: `contracts`, `policy`, `values`.
"""
