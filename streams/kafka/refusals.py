"""Why a broker does not let us in, or not do something, as a sentence.

aiokafka logs why a connection failed, tries the next broker, and at last says only that none would do. So where a
client could not be started, the brokers are asked once more, one by one, and what they answer is put into words.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka.conn import AIOKafkaConnection, collect_hosts, create_conn
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from streams.errors import AwayError, UsageError, named
from streams.security.tokens import TokenError

ANSWER_WITHIN_S = 5.0
# OpenSSL's numbers for what is wrong with the certificate of the other side (X509_V_ERR_…).
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64
_HANG_UPS = (KafkaConnectionError, EOFError, ConnectionResetError, BrokenPipeError)
_FAILURES = (OSError, KafkaError, TimeoutError, EOFError)

_Address = tuple[str, int]
ACLS_PAGE = "deploy/kafka-acls.md"


def needs(rights: Iterable[str], role: str = "") -> str:
    """Says which rights our user has to be given. rights: such as "READ on topic bank.loans"; role: whose they are."""
    listed = ", ".join(rights)
    return f"our user needs {listed}; see {ACLS_PAGE}" + (f", role {role}" if role else "")


def forbidden(error: BaseException, operation: str) -> str | None:
    """Says which right a refusal of aiokafka is about; None where it is about none.

    operation: what was tried on topics. Transactions take WRITE on their id, they and consumers READ on their group.
    """
    match error:
        case TopicAuthorizationFailedError():
            return needs(f"{operation} on topic {name}" for name in _named(error, "that is not named"))
        case GroupAuthorizationFailedError():
            return needs(f"READ on group {name}" for name in _named(error, "that is not named"))
        case TransactionalIdAuthorizationFailed():
            return needs(f"WRITE on transactional id {name}" for name in _named(error, "that is not named"))
        case ClusterAuthorizationFailedError():  # without a transaction, brokers before Kafka 2.8
            return needs(["IDEMPOTENT_WRITE on cluster kafka-cluster"])
    return None


def _named(error: BaseException, otherwise: str) -> list[str]:
    """Gives the names that aiokafka has put into an error: one, or a set of them."""
    named = error.args[0] if error.args and error.args[0] else otherwise
    return [named] if isinstance(named, str) else sorted(named)


async def cannot_connect(options: Mapping[str, Any], error: Exception) -> UsageError:
    """Gives the error of a command whose client could not be started. options: those of the client."""
    _, said = await _said(options)
    if said is None:
        return AwayError(
            f"no Kafka answers at {options['bootstrap_servers']} ({named(error)}); start one (tierflow kafka start), "
            "or set KAFKA_BOOTSTRAP_SERVERS"
        )
    return AwayError(said.sentence) if said.hung_up else UsageError(said.sentence)


class Heard(NamedTuple):
    """How the brokers answer a client: whether any lets it in, and why one does not."""

    lets_in: bool
    refusal: str | None


async def hear(options: Mapping[str, Any], *, with_hang_ups: bool = False) -> Heard:
    """Asks the brokers whether they let a client in, and why not; they may all be away.

    The brokers that the others name are asked, too: each may have a certificate of its own. with_hang_ups: a connection
    that is closed without a word counts as a refusal; a proxy does that as well, while the broker behind it is away.
    """
    lets_in, said = await _said(options)
    return Heard(lets_in, None if said is None or (said.hung_up and not with_hang_ups) else said.sentence)


async def _said(options: Mapping[str, Any]) -> "tuple[bool, _Refusal | None]":
    given = {(host, port) for host, port, _ in collect_hosts(options["bootstrap_servers"])}
    named, refused = await _ask_all(options, given)
    if named:
        _, refused = await _ask_all(options, named - given)
    return bool(named), min(refused, default=None)


class _Refusal(NamedTuple):
    """Why a broker does not let us in. Those that say why come first."""

    hung_up: bool
    sentence: str


async def _ask_all(options: Mapping[str, Any], addresses: Iterable[_Address]) -> tuple[set[_Address], list[_Refusal]]:
    """Gives the addresses of all brokers that are named, and why brokers refuse us."""
    answers = await asyncio.gather(*(_ask(options, *address) for address in addresses))
    named = {address for answer in answers if not isinstance(answer, _Refusal) for address in answer}
    return named, [answer for answer in answers if isinstance(answer, _Refusal)]


async def _ask(options: Mapping[str, Any], host: str, port: int) -> _Refusal | list[_Address]:
    """Gives the addresses of all brokers as this one knows them, or why it refuses us; none if it does not answer."""
    own = {name: value for name, value in options.items() if name != "bootstrap_servers"}
    connection: AIOKafkaConnection | None = None
    try:
        connection = await create_conn(host, port, request_timeout_ms=int(ANSWER_WITHIN_S * 1000), **own)
        metadata = await connection.send(MetadataRequest([]))
    except _FAILURES as error:
        cause = _cause(error)
        said = _sentence(cause, options)
        if said is None:
            return []
        where = "" if isinstance(cause, TokenError) else f"the Kafka at {host}:{port} "
        return _Refusal(isinstance(cause, _HANG_UPS), where + said)
    finally:
        if connection is not None:
            connection.close()
    return [(broker[1], broker[2]) for broker in metadata.brokers]


def _cause(error: BaseException) -> BaseException:
    """Gives what ended a connection that was there, such as a TLS alert; else the error itself."""
    return error.__cause__ if isinstance(error, KafkaConnectionError) and error.__cause__ else error


def _sentence(error: BaseException, options: Mapping[str, Any]) -> str | None:
    """Says what is wrong, and what to do; None where the broker is only not to be reached."""
    match error:
        case TokenError():
            return str(error)
        case ssl.SSLCertVerificationError():
            return _of_their_certificate(error)
        case ssl.SSLError():
            return _of_tls(error, options)
    if isinstance(error, _HANG_UPS):
        protocol = options.get("security_protocol", "PLAINTEXT")
        return (
            f"hangs up: it may have no KAFKA_SECURITY_PROTOCOL {protocol} on this listener, or be no broker, or none "
            "is behind it; write the protocol and KAFKA_BOOTSTRAP_SERVERS as the listener has them"
        )
    return _of_sasl(error, options)


def _of_their_certificate(error: ssl.SSLCertVerificationError) -> str:
    why = error.verify_message
    if error.verify_code in (_EXPIRED, _NOT_YET_VALID):
        return f"shows a certificate that is not valid today ({why}); have the broker's certificate renewed"
    if error.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
        return (
            f"shows the certificate of another host ({why}); write a name that stands in it into "
            "KAFKA_BOOTSTRAP_SERVERS and the broker's advertised.listeners, or have it issued for this one"
        )
    return (
        f"shows a certificate of an authority that is not trusted here ({why}); write the path of that authority's "
        "PEM file into KAFKA_SSL_CAFILE"
    )


def _of_tls(error: ssl.SSLError, options: Mapping[str, Any]) -> str:
    reason = error.reason or str(error)
    if not ("ALERT" in reason and ("CERTIFICATE" in reason or "CA" in reason.split("_"))):
        return f"speaks no TLS that fits ({reason}); write KAFKA_SECURITY_PROTOCOL as the listener has it"
    if not options["ssl_context"].files.certfile:
        return (
            f"ends the TLS connection ({reason}): it wants a certificate of ours; write KAFKA_SSL_CERTFILE and "
            "KAFKA_SSL_KEYFILE"
        )
    return (
        f"refuses our certificate ({reason}); KAFKA_SSL_CERTFILE must be valid today, and issued by an authority that "
        "the broker trusts"
    )


def _of_sasl(error: BaseException, options: Mapping[str, Any]) -> str | None:
    match error:
        case SaslAuthenticationFailed():
            return f"refuses our {_login(options)}"
        case UnsupportedSaslMechanismError():
            return (
                f"takes no KAFKA_SASL_MECHANISM {options['sasl_mechanism']}; write one that this listener has enabled"
            )
        case IllegalSaslStateError():
            return "asks for no SASL on this listener; write KAFKA_SECURITY_PROTOCOL as the listener has it"
    return None


def _login(options: Mapping[str, Any]) -> str:
    mechanism = options["sasl_mechanism"]
    if mechanism == "OAUTHBEARER":
        return (
            "token (OAUTHBEARER): it has expired, or is not for this Kafka; see the source of KAFKA_SASL_OAUTH_TOKEN_…"
        )
    return (
        f"user name or password ({mechanism}); write KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD as the broker has them"
    )
