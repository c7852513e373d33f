"""This package works out what a customer has: events are folded into sums, and figures are made of the sums.

    event -> limits -> fold -> sums in the state (accounts, days, windows, daily) -> figures -> Figures

`limits` refuses an event without room before anything changes. `fold` adds an event: balances through `closing_totals`,
transactions through `windows` and `days`. `figures` works out the measures of a policy, over the days that `spans`
gives.

What may live here: exact arithmetic on one customer's state (docs/policies.md#a-value-of-several-parts). A new kind of
measure begins here. Whether a figure is enough for a tier, a campaign or a loan is decided in the packages above.

May be imported here: `engine`, `policy`, `values`.
"""
