"""The errors of all that a user, not a programmer, has to set right."""


class UsageError(Exception):
    """A setting, a file or the environment is wrong. The message says what, where, and what to do.

    Commands print the message without a traceback.
    """


class AwayError(UsageError):
    """No Kafka answers. A setting may be wrong, or it is only away: a worker waits, and then ends with TRY_AGAIN."""


class TryAgainError(Exception):
    """A command cannot do its work now, and a later start may. The message says why.

    Commands print it without a traceback, and end with TRY_AGAIN.
    """


TRY_AGAIN = 70
"""The exit status of a process that a supervisor is to start again (docs/operations.md#start-and-stop)."""

NEEDS_A_PERSON = 2
"""The exit status of a process that no later start helps: something has to be set right first."""
