"""Settings, from the environment and a `.env` file. Each has a default, and is checked before anything starts.

All of them with their defaults: config/tierflow.env.
"""

import os
import re
import socket
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from streams.contracts.letters import RECORD_BYTES
from streams.errors import UsageError
from streams.security.access import Access
from streams.security.checks import check as check_access
from streams.security.console_access import ConsoleAccess
from streams.security.hosts import check_host_pattern, is_loopback
from streams.security.http_limits import HttpLimits
from streams.security.master_key import MasterKey
from streams.security.registry_access import RegistryAccess
from streams.values.calendar import Clock
from streams.values.events import TOPICS
from streams.values.fingerprint import REMEMBERED_AT_LEAST, REMEMBERED_AT_MOST

if TYPE_CHECKING:
    from streams.policy.policy import Policy

Partitioner = Literal["murmur2", "crc32", "none"]
TableForm = Literal["off", "connect", "avro"]

_TOPIC_CHARACTERS = re.compile(r"[A-Za-z0-9._-]{1,200}")
# App `x` has the transactional ids `x-grants-0-a` and groups such as `x-deliver-crm`: other apps may not have them.
_OTHERS_ID = re.compile(r"-grants$|-intake$|-intake-|-deliver-")
# A host name or an IPv6 address in brackets, and a port.
_SERVER = re.compile(r"(?:[^\s,:\[\]]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
_HIGHEST_PORT = 65_535
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


@cache
def time_zone_data() -> str:
    """Gives the version of the time zone data that Python uses here, such as 2026a; "unknown" if it does not say.

    The machine's own comes before the package's, as in Python itself.
    """
    for folder in (*map(Path, zoneinfo.TZPATH), files("tzdata") / "zoneinfo"):
        if (folder / "tzdata.zi").is_file():
            with (folder / "tzdata.zi").open(encoding="utf-8") as file:
                return file.readline().removeprefix("# version").strip()
        if (folder / "Etc").is_dir():
            break
    return "unknown"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the environment decides. Made by `from_environment`, which checks it."""

    bootstrap_servers: str = "127.0.0.1:9092"
    access: Access = field(default_factory=Access)
    app_id: str = "tierflow"
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
    input_prefix: str = "bank."
    output_prefix: str = "tier."
    partitioner: Partitioner = "murmur2"
    backfill: bool = False
    loan_wait_ms: int = 1_000
    # The largest record that the topic of dead letters takes: a worker asks the broker at its start.
    letter_bytes: int = RECORD_BYTES
    remembered_ids: int = REMEMBERED_AT_LEAST
    accounts: bool = False
    rates: bool = False
    account_wait_ms: int = 86_400_000
    account_wait_records: int = 100_000
    otlp_endpoint: str = ""
    tables: TableForm = "off"

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
            clock=cast("Clock", _one_of(given, "TIERFLOW_CLOCK", ("wall", "event"))),
            http_host=given.get("TIERFLOW_HTTP_HOST", cls.http_host),
            http_port=_port(given),
            http_port_given="TIERFLOW_HTTP_PORT" in given,
            http_token=given.get("TIERFLOW_HTTP_TOKEN", ""),
            http_url_given=given.get("TIERFLOW_HTTP_URL", "").rstrip("/"),
            http_peers=tuple(filter(None, re.split(r"[\s,]+", given.get("TIERFLOW_HTTP_PEERS", "").lower()))),
            http_limits=HttpLimits.from_variables(given),
            console=ConsoleAccess.from_variables(given),
            data_dir=Path(given.get("TIERFLOW_DATA_DIR") or _default_data_dir(given)).expanduser(),
            input_prefix=given.get("TIERFLOW_INPUT_PREFIX", cls.input_prefix),
            output_prefix=given.get("TIERFLOW_OUTPUT_PREFIX", cls.output_prefix),
            partitioner=cast("Partitioner", _one_of(given, "TIERFLOW_PARTITIONER", ("murmur2", "crc32", "none"))),
            backfill=_one_of(given, "TIERFLOW_BACKFILL", ("off", "on")) == "on",
            loan_wait_ms=_milliseconds(given, "TIERFLOW_LOAN_WAIT_MS", cls.loan_wait_ms, _LONGEST_LOAN_WAIT_MS),
            remembered_ids=remembered_ids(given, "TIERFLOW_REMEMBERED_IDS"),
            accounts=_one_of(given, "TIERFLOW_ACCOUNTS", ("off", "on")) == "on",
            rates=_one_of(given, "TIERFLOW_RATES", ("off", "on")) == "on",
            account_wait_ms=_whole(given, "TIERFLOW_ACCOUNT_WAIT_MS", cls.account_wait_ms, _LONGEST_ACCOUNT_WAIT_MS),
            account_wait_records=_whole(
                given, "TIERFLOW_ACCOUNT_WAIT_RECORDS", cls.account_wait_records, _MOST_WAITING_RECORDS
            ),
            otlp_endpoint=given.get("TIERFLOW_OTLP_ENDPOINT", "").rstrip("/"),
            tables=cast("TableForm", _one_of(given, "TIERFLOW_TABLES", ("off", "connect", "avro"))),
        )
        _check(settings)
        return settings

    def input_topic(self, name: str) -> str:
        """Gives the real name of an input topic, such as "transactions"."""
        return self.input_prefix + name

    def input_topics(self) -> tuple[str, ...]:
        """Gives the real names of the five input topics, by topic number (values/events.py)."""
        return tuple(map(self.input_topic, TOPICS))

    def rates_topics(self) -> tuple[str, ...]:
        """Gives the topic of rates; nothing where TIERFLOW_RATES is off."""
        return (self.input_topic("rates"),) if self.rates else ()

    def output_topic(self, name: str) -> str:
        """Gives the real name of an output topic, such as "changes"."""
        return self.output_prefix + name

    def table_topic(self, name: str) -> str:
        """Gives the real name of the topic that has an output's messages as rows, in the form that is set."""
        return f"{self.output_topic(name)}.{self.tables}"

    @property
    def tables_changelog_topic(self) -> str:
        """The changelog of how far the outputs are written as rows, in the form that is set."""
        return f"{self.app_id}-tables-{self.tables}-changelog"

    @property
    def owner_topic(self) -> str:
        """The topic that says which app id the outputs belong to."""
        return self.output_topic("owner")

    @property
    def changelog_topic(self) -> str:
        """The changelog of the stage of customers. Under another app id it is another topic, without the state."""
        return f"{self.app_id}-customers-changelog"

    @property
    def candidates_topic(self) -> str:
        """The topic of candidates: triggers that wait for their campaign's budget, keyed by campaign."""
        return f"{self.app_id}-candidates"

    @property
    def budgets_changelog_topic(self) -> str:
        """The changelog of the stage of budgets. Under another app id it is another topic: nothing is spent there."""
        return f"{self.app_id}-budgets-changelog"

    @property
    def keys_topic(self) -> str:
        """The topic of the customers' keys. Without it, what is sealed is read by nobody any more."""
        return f"{self.app_id}-keys"

    @property
    def intake_id(self) -> str:
        """The consumer group of `tierflow intake`; its transactional ids and changelogs begin so, too."""
        return f"{self.app_id}-intake"

    def intake_changelog(self, source: str) -> str:
        """Gives the changelog of a source, by its name in the mapping."""
        return f"{self.intake_id}-{source}-changelog"

    def way_in(self, name: str) -> str:
        """Gives the real name of a topic that records of sources become, by its name in values/events.py."""
        return self.by_account_topic if name == "by-account" else self.input_topic(name)

    @property
    def by_account_topic(self) -> str:
        """The topic of bookings and account records, keyed by account."""
        return f"{self.app_id}-by-account"

    @property
    def accounts_changelog_topic(self) -> str:
        """The changelog of whose an account is, and of what waits for its account."""
        return f"{self.app_id}-accounts-changelog"

    @property
    def account_records_changelog(self) -> str:
        """The changelog of how far account records have been passed on."""
        return f"{self.app_id}-account-records-changelog"

    @property
    def transactional_ids(self) -> str:
        """The beginning of the transactional ids of workers; all others of this app id begin so, too."""
        return f"{self.app_id}-"

    @property
    def replay_id(self) -> str:
        """The transactional id of whoever sends dead letters again."""
        return f"{self.transactional_ids}dead-letters"

    @property
    def resend_id(self) -> str:
        """The transactional id of whoever sends parked events again."""
        return f"{self.transactional_ids}deliver-resend"

    @property
    def deliver_groups(self) -> str:
        """The beginning of the consumer groups of `tierflow deliver`; the name of the endpoint follows."""
        return f"{self.app_id}-deliver-"

    @property
    def parked_topic(self) -> str:
        """The topic of events that `tierflow deliver` has parked (docs/deliver.md#parked-events)."""
        return f"{self.app_id}-deliver-parked"

    @property
    def resend_topic(self) -> str:
        """The topic of parked events that are to be delivered once more."""
        return f"{self.app_id}-deliver-resend"

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


def variables(environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> dict[str, str]:
    """Gives all variables: those of the environment, and those of the .env file that are not in the environment.

    Raises:
        UsageError: The file cannot be read, or a line of it is no setting.
    """
    return {**_read_dotenv(dotenv), **(os.environ if environ is None else environ)}


def remembered_ids(given: Mapping[str, str], name: str = "TIERFLOW_REMEMBERED_IDS") -> int:
    """Gives how many events of a customer and topic are remembered at least. given: the variables.

    Raises:
        UsageError: It is no number that can be.
    """
    value = given.get(name, str(REMEMBERED_AT_LEAST))
    if not re.fullmatch(r"[0-9]{1,6}", value) or not REMEMBERED_AT_LEAST <= int(value) <= REMEMBERED_AT_MOST:
        most = f"{REMEMBERED_AT_LEAST} to {REMEMBERED_AT_MOST:,}"
        raise UsageError(f"{name} is {value!r}; write a whole number from {most}, without a comma")
    return int(value)


def policy_folder() -> Path:
    """Gives the folder of the policies that come with tierflow: that of the checkout, or of the installed package."""
    here = Path(__file__).parent
    checkout = here.parent / "config" / "policies"
    return checkout if checkout.is_dir() else here / "policies"


def read_policy_file(file: Path, named_by: str) -> "Policy":
    """Reads and compiles the policy of a file that an option or a setting names.

    Raises:
        UsageError: The file cannot be read, or its policy cannot be used.
    """
    from streams.policy.compile.load import load_policy  # noqa: PLC0415 - most settings need no policy
    from streams.policy.language.problems import PolicyError  # noqa: PLC0415

    try:
        return load_policy(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{named_by}: {file} cannot be read: {error.strerror}; name a policy file") from error
    except (PolicyError, UnicodeDecodeError) as error:
        raise UsageError(f"{named_by}, {file}: {error}") from error


def _read_dotenv(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}); write it as UTF-8 text, readable for this user") from error
    found = {}
    for number, written in enumerate(lines, 1):
        line = written.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        if not equals:
            raise UsageError(f"{path}, line {number} is no setting; write NAME=value")
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    """Gives what stands between quotes, unchanged; without quotes, what stands before a comment."""
    quoted = re.fullmatch(r"""(["'])(.*?)\1(\s+#.*)?""", value)
    return quoted[2] if quoted else re.split(r"(?:^|\s+)#", value, maxsplit=1)[0]


def _one_of(given: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = given.get(name, allowed[0])
    if value not in allowed:
        raise UsageError(f"{name} is {value!r}; write {', '.join(allowed[:-1])} or {allowed[-1]}")
    return value


def _port(given: Mapping[str, str]) -> int:
    value = given.get("TIERFLOW_HTTP_PORT", "6066")
    if not re.fullmatch(r"[0-9]{1,5}", value) or int(value) > _HIGHEST_PORT:
        raise UsageError(f"TIERFLOW_HTTP_PORT is {value!r}; write a port from 1 to 65535, or 0 for any free one")
    return int(value)


def _milliseconds(given: Mapping[str, str], name: str, default: int, longest: int) -> int:
    value = given.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,5}", value) or int(value) > longest:
        raise UsageError(f"{name} is {value!r}; write milliseconds from 0 to {longest}, 0 for no wait")
    return int(value)


def _whole(given: Mapping[str, str], name: str, default: int, most: int) -> int:
    value = given.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,10}", value) or int(value) > most:
        raise UsageError(f"{name} is {value!r}; write a whole number from 0 to {most}")
    return int(value)


def _default_data_dir(given: Mapping[str, str]) -> Path:
    return Path(given.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tierflow"


def _check(settings: Settings) -> None:
    for server in settings.bootstrap_servers.split(","):
        found = _SERVER.fullmatch(server)
        if not found or not 0 < int(found[1]) <= _HIGHEST_PORT:
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
    if settings.http_url_given and (found is None or int(found[1] or 443) > _HIGHEST_PORT):
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
