"""This package controls the risk of loans: it decides applications, and watches loans that were not standard ones.

    application         -> every rule is checked -> the strictest outcome that is met -> LoanDecision, perhaps watched
    balance or standing -> each watched loan     -> worse than at the decision?       -> LoanAlert

An application is decided once, on what is known of the customer at that moment. Outcomes from mild to strict are
standard, enhanced, refer (docs/policies.md#loans-enhanced-or-referred). All rules look at plain assets: the newest
total, before any adjustment by credit standing.

`decisions` is the way in, `checks` holds the rules. The tier is decided before, and only read here.

May be imported here: `engine.measures`, `engine`, `policy`, `values`.
"""
