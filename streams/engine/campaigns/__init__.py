"""Which campaign has something for a customer, and whether a trigger comes of it.

Each kind of campaign is a module with one function: the case in, an offer out, or none. It may write down how far the
campaign has come with the customer (its Progress). `triggers.py` calls them, and decides what becomes of an offer.

May be imported here: `engine.tiers`, `engine.measures` and the engine's ground. Nothing here decides a tier.
"""
