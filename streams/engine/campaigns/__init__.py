"""Which campaign has something for a customer, and whether a trigger comes of it.

Each kind of campaign is a module with one function: the case in, an offer out, or none. It may write down how far the
campaign has come with the customer (its Progress). `triggers.py` calls them, and decides what becomes of an offer.

What may live here: what a kind of campaign offers, and the rules that all kinds share (audience, contact limits,
hold-out). Nothing here decides a tier, and what a budget grants is decided in `partition`, for all customers together.

May be imported here: `engine.measures`, `engine.tiers`, `engine`, `policy`, `values`.
"""
