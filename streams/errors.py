"""The errors of all that a user, not a programmer, has to set right; and how an error is named in a sentence."""

START_ANEW = "start with another TIERFLOW_APP_ID and another TIERFLOW_OUTPUT_PREFIX"
"""What is left to do where outputs or states can be trusted no more."""


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


def named(error: BaseException) -> str:
    """Gives the class and the text of an error, each once; of one without a text what it came of.

    Where the text may hold what was worked (`is_quotable`), it is left out. An error of a time that is over says
    nothing by itself: whoever sets a limit says what was waited for, and how long.
    """
    name, text = type(error).__name__, str(error).strip() if is_quotable(error) else ""
    if text and text != name:
        return text if text.startswith(f"{name}: ") else f"{name}: {text}"
    before = error.__cause__ or error.__context__
    if before is not None and type(before).__name__ != "CancelledError":  # a time that is over cancels
        return f"{name}, after {named(before)}"
    return f"{name}: no answer came in time" if isinstance(error, TimeoutError) else name


def is_quotable(error: BaseException) -> bool:
    """Says whether an error's text may be told: our own, Kafka's and the system's hold no customer ids.

    Any other may hold the value that it is about: KeyError(b"C001").
    """
    places = [(*kind.__module__.split("."), "")[:2] for kind in type(error).__mro__]  # aiokafka takes long to import
    return isinstance(error, OSError) or places[0][0] == "streams" or ("aiokafka", "errors") in places


TRY_AGAIN = 70
"""The exit status of a process that a supervisor is to start again (docs/operations.md#start-and-stop)."""

NEEDS_A_PERSON = 2
"""The exit status of a process that no later start helps: something has to be set right first."""
