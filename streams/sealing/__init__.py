"""Sealing by keys of customers: bytes that nobody reads any more once the customer's key is deleted.

    random bytes -> key of a customer -> wrapped by the master key -> record of the topic of keys
    value, key   -> sealed            -> opened by the same key, or by none

`cipher.py` seals and opens, `keys.py` makes and wraps keys, `keyring.py` opens what is under the keys of many.
The form of sealed bytes: docs/privacy.md#how-it-is-sealed. The reasons: docs/adr/0011-erasing-by-keys.md.

What may live here: keys and what they do to bytes; pure, random bytes are handed in. What is sealed, and when a key is
made or deleted, is said in `partition/seals.py`; where keys are read from, in `kafka`.

May be imported here: nothing of ours.
"""
