"""The index of what was decided: a small SQLite file in front of the output topics, for questions about the past.

    tier.changes, .current, .campaigns, .risk, .erasures, .dead-letters, .policies  ->  follower  ->  index  ->  queries

It is never a second truth: `follower.py` reads what is committed, and `index.py` writes it down in one transaction with
the offsets it has come to. So the file may be deleted at any time, and is made anew from the topics where its form is
another one (`schema.py`) or a topic is. What a topic no longer has, and what an erase made void, is gone here, too.
What is sealed there is in the clear here (`opened.py`).

`rows.py` makes rows of records, purely. `queries.py` reads, in threads of its own. Nothing here decides anything, knows
HTTP, or writes to a topic.

May be imported here: `contracts`, `errors`, `kafka`, `settings`.
"""
