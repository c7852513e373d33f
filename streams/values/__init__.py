"""The values that all other packages speak of: events, money, days, products of accounts, credit standings.

    JSON "1234.50"           -> money    -> integer of ten-thousandths (e4), then of 10**-16 (e16)
    epoch milliseconds       -> calendar -> local day, as a number
    record of an input topic -> contracts.decode -> events: frozen structs, checked

Money is exact: amounts and figures are integers, never floats. Nothing here has a state, except for caches.

What may live here: types and pure functions that several packages need, and that know neither a policy nor a
customer's state. No rule of a bank belongs here, no wire format, no I/O, and no reading of a clock.

May be imported here: no other room.
"""
