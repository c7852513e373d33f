"""Tokens of OAUTHBEARER from a file or a command: what is asked, and what a token must look like."""

import asyncio
import re
import shlex
import subprocess
from pathlib import Path

COMMAND_WITHIN_S = 10.0
# Anything else would end the field of the request that holds the token.
_TOKEN = re.compile(r"[!-~]+")


class TokenError(OSError):
    """The error of a source that gives no token: one sentence, without the token.

    aiokafka takes an OSError for a connection that failed, and tries again.
    """


def checked(text: str, source: str) -> str:
    """Gives the token without the spaces around it. source: the setting that names where it is from.

    Raises:
        TokenError: It is none.
    """
    token = text.strip()
    if not _TOKEN.fullmatch(token):
        what = "spaces or other signs that no token has" if token else "no token"
        raise TokenError(f"{source} gives {what}; let it give one token, and nothing else")
    return token


async def token_of_file(path: str) -> str:
    """Reads the token.

    Raises:
        TokenError: The file cannot be read, or holds none.
    """
    try:
        text = Path(path).read_text(encoding="ascii")  # noqa: ASYNC240 - a line
    except OSError as error:
        raise TokenError(f"KAFKA_SASL_OAUTH_TOKEN_FILE: {path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        text = "no token"
    return checked(text, f"KAFKA_SASL_OAUTH_TOKEN_FILE: {path}")


async def token_of_command(command: str) -> str:
    """Runs the command, without a shell, and gives what it writes to its standard output.

    Raises:
        TokenError: It cannot be run, fails, takes too long, or writes no token.
    """
    setting = "KAFKA_SASL_OAUTH_TOKEN_COMMAND"
    # In a thread, since a worker's consumer runs on a loop that cannot watch child processes everywhere.
    text = await asyncio.to_thread(output_of, command, setting)
    return checked(text, f"{setting}: {shlex.split(command)[0]}")


def output_of(command: str, setting: str) -> str:
    """Runs a command that gives a secret, without a shell, and gives its standard output. setting: what names it.

    Raises:
        TokenError: It cannot be run, fails, or takes too long.
    """
    words = shlex.split(command)
    source = f"{setting}: {words[0]}"  # what follows may hold secrets
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the setting is the operator's own
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_WITHIN_S, check=False
        )
    except OSError as error:
        raise TokenError(f"{source} cannot be run ({error.strerror}); write a program and what it is given") from error
    except subprocess.TimeoutExpired:
        # Not chained: its message has the whole command.
        raise TokenError(f"{source} has not ended after {COMMAND_WITHIN_S:.0f} s; run it by hand to see why") from None
    if done.returncode:
        raise TokenError(f"{source} ended with status {done.returncode}; run it by hand to see why")
    return done.stdout.decode("ascii", "replace")
