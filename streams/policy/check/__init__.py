"""The check behind `tierflow policy check`: errors with their lines, warnings, and the policy told in sentences.

    text -> compile: read_policy() -> no valid TOML      -> syntax: the fault, and a text without it, read again
                                   -> problems           -> lines: the line of each
                                   -> Policy, PolicyFile -> warnings; sentences: in_words()

`check.py` is the way in: check() gives a Report, either errors or a policy and its warnings, by line.

What may live here: what an author is told of a policy (docs/policies.md#trying-a-policy). A warning is about a policy
that can be used, and probably does not do what was meant. What makes a policy unusable belongs in `language` or
`compile`, which every worker runs; nothing here is needed to decide.

May be imported here: `languages`, `policy.compile`, `policy.language`, `policy`, `values`.
"""
