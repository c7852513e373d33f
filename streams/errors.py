"""The error of all that a user, not a programmer, has to set right."""


class UsageError(Exception):
    """A setting, a file or the environment is wrong. The message says what, where, and what to do.

    Commands print the message without a traceback.
    """
