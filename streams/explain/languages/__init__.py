"""The languages in which a tier is explained to people: one module each, tables of words alone.

`words.py` says what a language has to have, `english.py`, `traditional_chinese.py` and `simplified_chinese.py` have it,
`known.py` lists them. What is said, and when, is said once for all languages in ../sentences.py.

A sentence is that of a relationship manager who has half a minute: which tier since when and why, what is missing for
the next one, what keeps this one. Names of tiers are the policy's. Nothing here computes anything.

May be imported here: nothing of ours.
"""
