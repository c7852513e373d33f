"""What cannot work is refused before anything connects."""

import shlex
from pathlib import Path
from urllib.parse import urlsplit

from streams.errors import UsageError
from streams.security.access import OAUTHBEARER, Access
from streams.security.hosts import is_loopback
from streams.security.tls import load

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", OAUTHBEARER)


def check(access: Access) -> None:
    """Checks the settings, and that the files of certificates can be used.

    Raises:
        UsageError: One is wrong; the message says what to write.
    """
    if access.security_protocol not in _PROTOCOLS:
        raise UsageError(
            f"KAFKA_SECURITY_PROTOCOL is {access.security_protocol!r}; write one of {', '.join(_PROTOCOLS)}"
        )
    if access.sasl_mechanism not in _MECHANISMS:
        raise UsageError(f"KAFKA_SASL_MECHANISM is {access.sasl_mechanism!r}; write one of {', '.join(_MECHANISMS)}")
    if access.uses_sasl and access.sasl_mechanism == OAUTHBEARER:
        _check_token_source(access)
    elif access.uses_sasl and not (access.sasl_username and access.sasl_password):
        raise UsageError("KAFKA_SECURITY_PROTOCOL is SASL; set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD too")
    _check_files(access)


def _check_token_source(access: Access) -> None:
    sources = {
        "KAFKA_SASL_OAUTH_TOKEN_FILE": access.sasl_oauth_token_file,
        "KAFKA_SASL_OAUTH_TOKEN_COMMAND": access.sasl_oauth_token_command.strip(),
        "KAFKA_SASL_OAUTH_TOKEN_ENDPOINT": access.sasl_oauth_token_endpoint,
    }
    given = [name for name, value in sources.items() if value]
    if len(given) != 1:
        raise UsageError(
            f"KAFKA_SASL_MECHANISM is OAUTHBEARER, and {' and '.join(given) or 'no source of its tokens'} "
            f"{'are' if given else 'is'} set; set exactly one of {', '.join(sources)}"
        )
    if access.sasl_oauth_token_command:
        _check_command(access.sasl_oauth_token_command)
    if access.sasl_oauth_token_endpoint:
        _check_endpoint(access)
    elif access.sasl_oauth_client_id or access.sasl_oauth_client_secret or access.sasl_oauth_scope:
        raise UsageError(
            "KAFKA_SASL_OAUTH_CLIENT_ID, KAFKA_SASL_OAUTH_CLIENT_SECRET and KAFKA_SASL_OAUTH_SCOPE belong to "
            f"KAFKA_SASL_OAUTH_TOKEN_ENDPOINT, and {given[0]} is set; set the endpoint instead, or none of them"
        )


def _check_command(command: str) -> None:
    try:
        shlex.split(command)
    except ValueError as error:
        raise UsageError(
            f"KAFKA_SASL_OAUTH_TOKEN_COMMAND cannot be taken apart ({error}); write a program and what it is given, "
            "quoted as for a shell"
        ) from error


def _check_endpoint(access: Access) -> None:
    try:
        url = urlsplit(access.sasl_oauth_token_endpoint)
        host, login = url.hostname or "", url.username
    except ValueError:
        host, login = "", None
    # The address itself is not shown before it is known to have no password in it.
    if not host or login is not None or url.scheme not in ("http", "https"):
        raise UsageError("KAFKA_SASL_OAUTH_TOKEN_ENDPOINT is no address; write https://host/path, without a login")
    if url.scheme == "http" and not is_loopback(host):
        raise UsageError(
            f"KAFKA_SASL_OAUTH_TOKEN_ENDPOINT is {access.sasl_oauth_token_endpoint!r}, which would send the secret "
            "unencrypted; write https://"
        )
    if not (access.sasl_oauth_client_id and access.sasl_oauth_client_secret):
        raise UsageError(
            "KAFKA_SASL_OAUTH_TOKEN_ENDPOINT is set; set KAFKA_SASL_OAUTH_CLIENT_ID and "
            "KAFKA_SASL_OAUTH_CLIENT_SECRET too"
        )


def _check_files(access: Access) -> None:
    for name, path in (
        ("KAFKA_SSL_CAFILE", access.ssl_cafile),
        ("KAFKA_SSL_CERTFILE", access.ssl_certfile),
        ("KAFKA_SSL_KEYFILE", access.ssl_keyfile),
    ):
        if path and not Path(path).is_file():
            raise UsageError(f"{name}: there is no file {path}; write the path of a PEM file")
    if access.ssl_keyfile and not access.ssl_certfile:
        raise UsageError("KAFKA_SSL_KEYFILE is set alone; write KAFKA_SSL_CERTFILE too, the certificate of that key")
    if access.uses_tls:
        load(access.tls_files)
