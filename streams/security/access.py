"""What the environment decides about access to Kafka: the KAFKA_SECURITY_, KAFKA_SASL_ and KAFKA_SSL_ settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.security.tls import TlsFiles, shared_context

OAUTHBEARER = "OAUTHBEARER"


@dataclass(frozen=True, kw_only=True)
class Access:
    """How clients are let in by the brokers. `checks.check` refuses what cannot work. Secrets are not in its repr."""

    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "PLAIN"
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)
    sasl_oauth_token_file: str = ""
    sasl_oauth_token_command: str = field(default="", repr=False)  # often holds a secret
    sasl_oauth_token_endpoint: str = ""
    sasl_oauth_client_id: str = ""
    sasl_oauth_client_secret: str = field(default="", repr=False)
    sasl_oauth_scope: str = ""
    ssl_cafile: str = ""
    ssl_certfile: str = ""
    ssl_keyfile: str = ""

    @classmethod
    def from_variables(cls, given: Mapping[str, str]) -> "Access":
        """Reads the settings, unchecked. given: the environment and the .env file."""
        return cls(
            security_protocol=given.get("KAFKA_SECURITY_PROTOCOL", cls.security_protocol),
            sasl_mechanism=given.get("KAFKA_SASL_MECHANISM", cls.sasl_mechanism),
            sasl_username=given.get("KAFKA_SASL_USERNAME", ""),
            sasl_password=given.get("KAFKA_SASL_PASSWORD", ""),
            sasl_oauth_token_file=given.get("KAFKA_SASL_OAUTH_TOKEN_FILE", ""),
            sasl_oauth_token_command=given.get("KAFKA_SASL_OAUTH_TOKEN_COMMAND", ""),
            sasl_oauth_token_endpoint=given.get("KAFKA_SASL_OAUTH_TOKEN_ENDPOINT", ""),
            sasl_oauth_client_id=given.get("KAFKA_SASL_OAUTH_CLIENT_ID", ""),
            sasl_oauth_client_secret=given.get("KAFKA_SASL_OAUTH_CLIENT_SECRET", ""),
            sasl_oauth_scope=given.get("KAFKA_SASL_OAUTH_SCOPE", ""),
            ssl_cafile=given.get("KAFKA_SSL_CAFILE", ""),
            ssl_certfile=given.get("KAFKA_SSL_CERTFILE", ""),
            ssl_keyfile=given.get("KAFKA_SSL_KEYFILE", ""),
        )

    @property
    def uses_tls(self) -> bool:
        """Says whether connections are encrypted."""
        return self.security_protocol.endswith("SSL")

    @property
    def uses_sasl(self) -> bool:
        """Says whether clients prove by SASL who they are."""
        return self.security_protocol.startswith("SASL")

    @property
    def tls_files(self) -> TlsFiles:
        """The PEM files of TLS."""
        return TlsFiles(self.ssl_cafile, self.ssl_certfile, self.ssl_keyfile)

    def client_options(self) -> dict[str, Any]:
        """Gives the keyword arguments by which an aiokafka client is let in. Clients of a process share their objects.

        Raises:
            UsageError: A certificate or a key cannot be used.
        """
        options: dict[str, Any] = {}
        if self.security_protocol != "PLAINTEXT":
            options["security_protocol"] = self.security_protocol
        if self.uses_sasl:
            options["sasl_mechanism"] = self.sasl_mechanism
            options |= self._token_options() if self.sasl_mechanism == OAUTHBEARER else self._login_options()
        if self.uses_tls:
            options["ssl_context"] = shared_context(self.tls_files)
        return options

    def _login_options(self) -> dict[str, Any]:
        return {"sasl_plain_username": self.sasl_username, "sasl_plain_password": self.sasl_password}

    def _token_options(self) -> dict[str, Any]:
        # Slow to import, and needed with OAUTHBEARER only.
        from streams.security.endpoint import Client  # noqa: PLC0415
        from streams.security.providers import shared_provider  # noqa: PLC0415

        client = Client(
            self.sasl_oauth_token_endpoint,
            self.sasl_oauth_client_id,
            self.sasl_oauth_client_secret,
            self.sasl_oauth_scope,
            self.ssl_cafile,
        )
        provider = shared_provider(self.sasl_oauth_token_file, self.sasl_oauth_token_command, client)
        return {"sasl_oauth_token_provider": provider}
