"""The policy language: the words of a policy file, the values that each takes, and what is wrong with a file.

    TOML document (dict) -> reader -> PolicyFile
                              |
                              +-----> Problems: for each a place and a sentence

`document`, `campaigns` and `loans` declare the tables of the file as structs, whose names end in Rule. `words` and
`forms` say what a text in them has to look like. `reader` holds a document against all of that, by the `kinds` of its
values; `problems` gathers what does not fit, in the sentences of `wording`. A new word begins here, and in
docs/policies.md#all-words.

Each word is looked at by itself here. What several words mean together, such as a tier that another table names, is
looked at by `compile`.

May be imported here: `languages`, `policy`, `values`.
"""
