"""One real broker with a listener for every way in, and the settings of a client for each of them."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.kafka import local
from tests.support.certificates import Authority, Pair
from tests.support.own_broker import OwnBroker
from tests.support.signed_tokens import AUDIENCE, make_key, token
from tests.support.young_broker import let_in, make_coordinators

USER, PASSWORD = "alice", "alice-secret"
LEAVER = "leaver"  # has the same password, until a test changes it
REAUTH_MS = 3_000
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
_MODULES = {
    "PLAIN": f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{PASSWORD}"',
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule required",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule required",
    "OAUTHBEARER": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required",
}
# The listeners: name, protocol, whether it wants a certificate of the client, and which certificate it shows.
LISTENERS = {
    "tls": ("SSL", "none", "broker"),
    "mutual": ("SSL", "required", "broker"),
    "sasltls": ("SASL_SSL", "none", "broker"),
    "sasl": ("SASL_PLAINTEXT", "none", "broker"),
    "brief": ("SASL_PLAINTEXT", "none", "broker"),  # with connections.max.reauth.ms
    "briefmutual": ("SASL_SSL", "required", "broker"),  # the same
    "expired": ("SSL", "none", "expired"),
    "elsewhere": ("SSL", "none", "elsewhere"),
}


class SecuredBroker(NamedTuple):
    """The broker, its ports by listener, and what it takes to be let in."""

    own: OwnBroker
    ports: Mapping[str, int]
    authority: Authority
    client: Pair
    token_key: Path

    def environment(self, listener: str, mechanism: str = "") -> dict[str, str]:
        """The settings by which a client is let in at a listener; a token comes from elsewhere."""
        protocol, wants_certificate, _ = LISTENERS[listener]
        found = {
            "KAFKA_BOOTSTRAP_SERVERS": f"localhost:{self.ports[listener]}",
            "KAFKA_SECURITY_PROTOCOL": protocol,
            "KAFKA_SASL_MECHANISM": mechanism or "PLAIN",
        }
        if protocol.endswith("SSL"):
            found["KAFKA_SSL_CAFILE"] = str(self.authority.cafile)
        if wants_certificate == "required":
            found |= {"KAFKA_SSL_CERTFILE": str(self.client.certificate), "KAFKA_SSL_KEYFILE": str(self.client.key)}
        if mechanism and mechanism != "OAUTHBEARER":
            found |= {"KAFKA_SASL_USERNAME": USER, "KAFKA_SASL_PASSWORD": PASSWORD}
        return found

    def set_password(self, password: str) -> None:
        """Gives the SCRAM-SHA-512 user LEAVER another password."""
        servers = ("--bootstrap-server", self.own.settings.bootstrap_servers)
        user = ("--alter", "--entity-type", "users", "--entity-name", LEAVER)
        what = ("--add-config", f"SCRAM-SHA-512=[password={password}]")
        _java(self.own.folder, "kafka.admin.ConfigCommand", *servers, *user, *what)


@contextmanager
def secured_broker(folder: Path) -> Iterator[SecuredBroker]:
    """Starts the broker, and stops it at the end of the block."""
    authority = Authority(folder / "certificates")
    pairs = {
        "broker": authority.issue("broker"),
        "expired": authority.issue("expired", days=-1),
        "elsewhere": authority.issue("elsewhere", hosts=("DNS:kafka.elsewhere.example",)),
    }
    key_set = folder / "keys.json"
    make_key(folder / "token.key", key_set)
    ports = {name: local.free_port() for name in LISTENERS}
    with pytest.MonkeyPatch.context() as patch:
        allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={key_set.as_uri()}"
        patch.setattr(local, "_JVM", (*local._JVM, allowed))
        settings = _settings(pairs, authority, key_set)
        listeners = {name.upper(): (LISTENERS[name][0], port) for name, port in ports.items()}
        _format_with_users(folder / "kafka")
        own = OwnBroker(folder / "kafka", {}, settings, patch, listeners)
    try:
        broker = SecuredBroker(own, ports, authority, authority.issue("client"), folder / "token.key")
        make_coordinators(own.settings.bootstrap_servers)
        let_in(_ways_in(broker, folder / "token"))
        yield broker
    finally:
        own.stop()


def _ways_in(broker: SecuredBroker, file: Path) -> list[dict[str, str]]:
    """The settings of clients that between them do all that lets a client in. file: for a token."""
    file.write_text(token(broker.token_key))
    ways = [broker.environment("sasl", mechanism) for mechanism in MECHANISMS]
    ways += [broker.environment("tls"), broker.environment("mutual"), broker.environment("sasltls", "PLAIN")]
    is_bearer = {"KAFKA_SASL_OAUTH_TOKEN_FILE": str(file)}
    return [way | is_bearer if way["KAFKA_SASL_MECHANISM"] == "OAUTHBEARER" else way for way in ways]


def _format_with_users(folder: Path) -> None:
    """Makes the data folder, with users of SCRAM in it, as `local.start` would without them."""
    folder.mkdir()
    users = [("SCRAM-SHA-256", USER), ("SCRAM-SHA-512", USER), ("SCRAM-SHA-512", LEAVER)]
    added = [f"--add-scram={kind}=[name={name},password={PASSWORD}]" for kind, name in users]
    properties = local._configure(folder, local.free_port())
    arguments = ("format", "--cluster-id=c2VjdXJlZC1vZi10ZXN0cw", "-c", str(properties), *added)
    _java(folder, "kafka.tools.StorageTool", *arguments)


def _java(folder: Path, tool: str, *arguments: str) -> None:
    java = local._java(local._class_path(folder))
    done = subprocess.run([*java, *local._BRIEF_JVM, tool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _settings(pairs: Mapping[str, Pair], authority: Authority, key_set: Path) -> dict[str, str]:
    settings: dict[str, str] = {}
    for name, (protocol, wants_certificate, shown) in LISTENERS.items():
        prefix = f"listener.name.{name}."
        if protocol.endswith("SSL"):
            settings |= {f"{prefix}{key}": value for key, value in _tls(pairs[shown], authority).items()}
            settings[f"{prefix}ssl.client.auth"] = wants_certificate
        if protocol.startswith("SASL"):
            settings |= {f"{prefix}{key}": value for key, value in _sasl(key_set).items()}
    settings["listener.name.brief.oauthbearer.connections.max.reauth.ms"] = str(REAUTH_MS)
    settings["listener.name.brief.scram-sha-512.connections.max.reauth.ms"] = str(REAUTH_MS)
    settings["listener.name.briefmutual.scram-sha-512.connections.max.reauth.ms"] = str(REAUTH_MS)
    return settings


def _tls(pair: Pair, authority: Authority) -> dict[str, str]:
    def in_one_line(path: Path) -> str:
        return path.read_text().replace("\n", "\\n")

    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": in_one_line(pair.certificate),
        "ssl.keystore.key": in_one_line(pair.key),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": in_one_line(authority.cafile),
    }


def _sasl(key_set: Path) -> dict[str, str]:
    settings = {f"{kind.lower()}.sasl.jaas.config": f"{module};" for kind, module in _MODULES.items()}
    validator = "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler"
    return {
        **settings,
        "sasl.enabled.mechanisms": ",".join(MECHANISMS),
        "oauthbearer.sasl.server.callback.handler.class": validator,
        "oauthbearer.sasl.oauthbearer.jwks.endpoint.url": key_set.as_uri(),
        "oauthbearer.sasl.oauthbearer.expected.audience": AUDIENCE,
    }
