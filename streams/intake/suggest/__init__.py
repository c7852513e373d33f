"""A first mapping from sample records: what can be told by names and values; the rest is marked by "?".

    rows -> columns -> likely (which column is which field) -> shapes (how it is written) -> mapping_text -> TOML

A guess that is wrong must show: it is written down as it would be by hand, `intake check` refuses every "?", and
`intake try` shows what comes of the rest. So nothing here is clever: names that are usual, and forms that all values of
a column have. No value of a record goes into a mapping, but for the words of code tables and the currency.

May be imported here: `intake`, `intake.fields`, `intake.language`, `policy`, `values`.
"""
