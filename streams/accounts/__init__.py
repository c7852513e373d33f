"""Whose an account is, and so whose its bookings are: what is known of one account to events of its owners. Pure.

    account record, booking   -> reading  -> AccountRecord, Booking, or why it cannot be used
    owners of a record        -> owners   -> who counts, at which place, with what share
    all that is known         -> timeline -> what each owner holds, at each time at which that changes
    what each owner is told   -> telling  -> bytes of bank.balances and bank.transactions

The same records give the same holdings in whatever order they come (docs/intake.md#who-owns-an-account). The structs
are in `records` (what comes in) and `state` (what is kept, packed by `packing`). How records wait for their account is
not known here: that is the stage's (partition/accounts.py).

What may live here: rules about one account. Nothing here knows of Kafka, of a clock, or of a policy.

May be imported here: `contracts`, `values`.
"""
