"""The fields of an input: what is found in a row to what the contract's decoder takes.

    value of any format -> money -> decimal string, at most 4 decimals
                        -> times -> epoch milliseconds, or RFC 3339 before 1990
                        -> words -> ids, codes, texts

Each module compiles the rule of a field, as the mapping has it, to a function that reads a value. What it refuses it
refuses by a RefusedError whose message is for people. What is found, and where, is the business of `compile`.

May be imported here: `contracts`, `intake`, `intake.language`, `policy`, `values`.
"""
