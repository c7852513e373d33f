"""Risk control of loans: an application is decided on the customer's state at that moment, and watched if it was large.

All of it looks at plain assets: the newest total, before any adjustment by credit standing. An outcome is the strictest
of those whose rule is met: standard < enhanced < refer.

May be imported here: `engine.measures` and the engine's ground. Tiers are decided before, and read from the state.
"""
