"""The languages in which people are told something: one module each, tables of words alone.

`words.py` says what a language has to have, `english.py`, `traditional_chinese.py` and `simplified_chinese.py` have it,
`known.py` lists them. `writing.py` writes amounts, dates, names and sentences with them. What is said, and when, is
said once for all languages by those who say it: ../explain/sentences.py, ../cli/followed.py.

What is said in English where it is found (of policies, of comparisons) is a sentence of `said.py`, and knows its form;
`forms_in_traditional_chinese.py` and its twin have every form in their language, and a test looks for each.

A sentence is that of a relationship manager who has half a minute. Names of tiers and campaigns are the policy's.
Nothing here decides anything.

May be imported here: nothing of ours.
"""
