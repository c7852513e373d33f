"""Bytes to events, and back: the wire forms of inputs, state, tier changes and the log of what was worked."""
