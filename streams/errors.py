"""Errors that are the user's to mend."""


class UsageError(Exception):
    """A setting, a file or the environment is wrong; the message says what, where, and what to do."""
