"""The form of `config/sources.toml`: its tables, their words, and the values that each takes (docs/intake.md).

    TOML document -> read_document (policy/language) -> SourcesFile
                         ^
                         +-- vocabulary: the structs of `rules` and `document`, the texts of `forms`

Structs whose names end in Rule are tables as they are written. Each word is looked at by itself here; what several
words mean together is looked at by `compile`.

May be imported here: `intake`, `policy`.
"""
