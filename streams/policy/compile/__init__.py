"""The compiler: the text of a policy file in; the Policy that the engine decides with out, or all problems.

    text -> load: tomllib, language.reader -> PolicyFile -> policy: compile_policy() -> Policy
                                                              |
                    schedule, measures, tiers, campaigns, loans, falling, services, floors, wakes

It finds what a look at single words cannot: names that refer to nothing, words that exclude or need each other.
After a problem it goes on with a stand-in, so that one run finds all problems; the Policy of such a run is dropped.
Whatever is the same for all customers (ranks, floors in order, days to look back) is worked out here, once.

`load.py` is the way in: load_policy(), or read_policy() for callers who want every problem. Nothing here decides
anything about a customer, and what is merely odd about a policy is said by `check`.

May be imported here: `languages`, `policy.language`, `policy`, `values`.
"""
