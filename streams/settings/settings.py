"""Everything that the environment decides, checked before anything starts."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from streams.contracts.letters import RECORD_BYTES
from streams.errors import UsageError
from streams.security.access import Access
from streams.security.checks import check as check_access
from streams.security.console_access import ConsoleAccess
from streams.security.hosts import check_host_pattern, is_loopback
from streams.security.http_limits import HttpLimits
from streams.security.master_key import MasterKey
from streams.security.registry_access import RegistryAccess
from streams.settings.environment import HIGHEST_PORT, milliseconds, one_of, port, remembered_ids, variables, whole
from streams.settings.names import AppNames, TableForm
from streams.settings.policy_files import policy_folder
from streams.values.calendar import Clock
from streams.values.fingerprint import REMEMBERED_AT_LEAST

Partitioner = Literal["murmur2", "crc32", "none"]

_TOPIC_CHARACTERS = re.compile(r"[A-Za-z0-9._-]{1,200}")
# App `x` has the transactional ids `x-grants-0-a` and groups such as `x-deliver-crm`: other apps may not have them.
_OTHERS_ID = re.compile(r"-grants$|-intake$|-intake-|-deliver-")
# A host name or an IPv6 address in brackets, and a port.
_SERVER = re.compile(r"(?:[^\s,:\[\]]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
# A lane that has work and makes no progress for a minute ends the worker (worker/watchdog.py).
_LONGEST_LOAN_WAIT_MS = 30_000
_LONGEST_ACCOUNT_WAIT_MS = 31 * 86_400_000
_MOST_WAITING_RECORDS = 1_000_000
# No user, path or query: other workers put theirs behind it.
_URL = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
# With a path, since collectors stand behind gateways; without a password, which logs would tell.
_OTLP = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#@]*)?")
# The characters that an Authorization header can carry.
_TOKEN = re.compile(r"[!-~]*")


@dataclass(frozen=True, kw_only=True)
class Settings(AppNames):
    """Everything that the environment decides. Made by `from_environment`, which checks it."""

    bootstrap_servers: str = "127.0.0.1:9092"
    access: Access = field(default_factory=Access)
    policy: Path
    sources: Path = Path("config/sources.toml")
    registry: RegistryAccess = field(default_factory=RegistryAccess)
    keys: MasterKey = field(default_factory=MasterKey)
    clock: Clock = "wall"
    http_host: str = "127.0.0.1"
    http_port: int = 6066
    http_port_given: bool = False
    http_token: str = field(default="", repr=False)
    http_url_given: str = ""
    http_peers: tuple[str, ...] = ()
    http_limits: HttpLimits = field(default_factory=HttpLimits)
    console: ConsoleAccess = field(default_factory=ConsoleAccess)
    data_dir: Path
    partitioner: Partitioner = "murmur2"
    backfill: bool = False
    loan_wait_ms: int = 1_000
    # The largest record that the topic of dead letters takes: a worker asks the broker at its start.
    letter_bytes: int = RECORD_BYTES
    remembered_ids: int = REMEMBERED_AT_LEAST
    accounts: bool = False
    account_wait_ms: int = 86_400_000
    account_wait_records: int = 100_000
    otlp_endpoint: str = ""

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")
    ) -> "Settings":
        """Reads and checks the settings. The environment wins over the .env file.

        environ: None: that of this process. dotenv: None: no file.

        Raises:
            UsageError: A setting is wrong, or the .env file cannot be read; the message says what to write.
        """
        given = variables(environ, dotenv)
        settings = cls(
            bootstrap_servers=given.get("KAFKA_BOOTSTRAP_SERVERS", cls.bootstrap_servers),
            access=Access.from_variables(given),
            app_id=given.get("TIERFLOW_APP_ID", cls.app_id),
            policy=Path(given.get("TIERFLOW_POLICY") or policy_folder() / "standard.toml").expanduser(),
            sources=Path(given.get("TIERFLOW_SOURCES") or cls.sources).expanduser(),
            registry=RegistryAccess.from_variables(given),
            keys=MasterKey.from_variables(given),
            clock=cast("Clock", one_of(given, "TIERFLOW_CLOCK", ("wall", "event"))),
            http_host=given.get("TIERFLOW_HTTP_HOST", cls.http_host),
            http_port=port(given),
            http_port_given="TIERFLOW_HTTP_PORT" in given,
            http_token=given.get("TIERFLOW_HTTP_TOKEN", ""),
            http_url_given=given.get("TIERFLOW_HTTP_URL", "").rstrip("/"),
            http_peers=tuple(filter(None, re.split(r"[\s,]+", given.get("TIERFLOW_HTTP_PEERS", "").lower()))),
            http_limits=HttpLimits.from_variables(given),
            console=ConsoleAccess.from_variables(given),
            data_dir=Path(given.get("TIERFLOW_DATA_DIR") or _default_data_dir(given)).expanduser(),
            input_prefix=given.get("TIERFLOW_INPUT_PREFIX", cls.input_prefix),
            output_prefix=given.get("TIERFLOW_OUTPUT_PREFIX", cls.output_prefix),
            partitioner=cast("Partitioner", one_of(given, "TIERFLOW_PARTITIONER", ("murmur2", "crc32", "none"))),
            backfill=one_of(given, "TIERFLOW_BACKFILL", ("off", "on")) == "on",
            loan_wait_ms=milliseconds(given, "TIERFLOW_LOAN_WAIT_MS", cls.loan_wait_ms, _LONGEST_LOAN_WAIT_MS),
            remembered_ids=remembered_ids(given, "TIERFLOW_REMEMBERED_IDS"),
            accounts=one_of(given, "TIERFLOW_ACCOUNTS", ("off", "on")) == "on",
            rates=one_of(given, "TIERFLOW_RATES", ("off", "on")) == "on",
            account_wait_ms=whole(given, "TIERFLOW_ACCOUNT_WAIT_MS", cls.account_wait_ms, _LONGEST_ACCOUNT_WAIT_MS),
            account_wait_records=whole(
                given, "TIERFLOW_ACCOUNT_WAIT_RECORDS", cls.account_wait_records, _MOST_WAITING_RECORDS
            ),
            otlp_endpoint=given.get("TIERFLOW_OTLP_ENDPOINT", "").rstrip("/"),
            tables=cast("TableForm", one_of(given, "TIERFLOW_TABLES", ("off", "connect", "avro"))),
        )
        _check(settings)
        return settings

    @property
    def http_url(self) -> str:
        """The URL at which other workers reach this one.

        `0.0.0.0` and `::` are no addresses to reach: the host's name stands for them.
        """
        if self.http_url_given:
            return self.http_url_given
        host = socket.gethostname() if self.http_host in ("0.0.0.0", "::") else self.http_host  # noqa: S104
        return f"http://[{host}]:{self.http_port}" if ":" in host else f"http://{host}:{self.http_port}"

    def client_options(self) -> dict[str, Any]:
        """Gives the keyword arguments that connect an aiokafka client of any kind.

        Raises:
            UsageError: A certificate or a key cannot be used.
        """
        return {"bootstrap_servers": self.bootstrap_servers, **self.access.client_options()}


def _default_data_dir(given: Mapping[str, str]) -> Path:
    return Path(given.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tierflow"


def _check(settings: Settings) -> None:
    for server in settings.bootstrap_servers.split(","):
        found = _SERVER.fullmatch(server)
        if not found or not 0 < int(found[1]) <= HIGHEST_PORT:
            raise UsageError(
                f"KAFKA_BOOTSTRAP_SERVERS is {settings.bootstrap_servers!r}; write host:port, more after commas"
            )
    check_access(settings.access)
    for name, text in (
        ("TIERFLOW_APP_ID", settings.app_id),
        ("TIERFLOW_INPUT_PREFIX", settings.input_prefix),
        ("TIERFLOW_OUTPUT_PREFIX", settings.output_prefix),
    ):
        if not _TOPIC_CHARACTERS.fullmatch(text):
            raise UsageError(f"{name} is {text!r}; write 1 to 200 letters, digits, dots, underscores, hyphens")
    if _OTHERS_ID.search(settings.app_id):
        raise UsageError(
            f"TIERFLOW_APP_ID is {settings.app_id!r}; write one that does not end in -grants and has no -deliver- in "
            "it: transactional ids and groups of another app id have such names"
        )
    if settings.input_prefix == settings.output_prefix:
        raise UsageError("TIERFLOW_INPUT_PREFIX and TIERFLOW_OUTPUT_PREFIX are the same; write two prefixes")
    if settings.keys.are_on and settings.partitioner == "none":
        raise UsageError(
            "TIERFLOW_KEYS is on, and TIERFLOW_PARTITIONER is none: a customer in two partitions would have two keys; "
            "write the partitioner of the producers, or TIERFLOW_KEYS=off"
        )
    _check_tables(settings)
    if not settings.policy.is_file():
        raise UsageError(f"TIERFLOW_POLICY: there is no file {settings.policy}; write the path of a policy file")
    if settings.data_dir.exists() and not settings.data_dir.is_dir():
        raise UsageError(f"TIERFLOW_DATA_DIR: {settings.data_dir} is no folder; write the path of one")
    _check_http(settings)


def _check_tables(settings: Settings) -> None:
    if settings.tables != "off" and settings.keys.are_on:
        raise UsageError(
            f"TIERFLOW_TABLES is {settings.tables}, and TIERFLOW_KEYS is on: rows would hold in the clear what is "
            "sealed on the outputs; write TIERFLOW_TABLES=off, or TIERFLOW_KEYS=off"
        )
    if settings.tables == "avro" and not settings.registry.url:
        raise UsageError(
            "TIERFLOW_TABLES is avro, and TIERFLOW_REGISTRY_URL is not set; write the address of the schema registry, "
            "or TIERFLOW_TABLES=connect"
        )


def _check_http(settings: Settings) -> None:
    if settings.otlp_endpoint and not _OTLP.fullmatch(settings.otlp_endpoint):
        raise UsageError(
            "TIERFLOW_OTLP_ENDPOINT cannot be used; write http://host:4318, say; /v1/traces is put behind it"
        )
    found = _URL.fullmatch(settings.http_url_given)
    if settings.http_url_given and (found is None or int(found[1] or 443) > HIGHEST_PORT):
        raise UsageError("TIERFLOW_HTTP_URL cannot be used; write https://host:port, and nothing behind it")
    for peer in settings.http_peers:
        check_host_pattern(peer, "TIERFLOW_HTTP_PEERS")
    if not _TOKEN.fullmatch(settings.http_token):
        raise UsageError(
            "TIERFLOW_HTTP_TOKEN has spaces or other signs that no header carries; write letters and digits"
        )
    if not settings.http_token and not is_loopback(settings.http_host):
        raise UsageError(
            f"TIERFLOW_HTTP_HOST is {settings.http_host!r}, which others can reach; "
            "set TIERFLOW_HTTP_TOKEN, or write 127.0.0.1"
        )
