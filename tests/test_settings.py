import ssl
from dataclasses import fields
from pathlib import Path

import pytest

from streams.errors import UsageError
from streams.security.access import Access
from streams.security.console_access import ConsoleAccess
from streams.security.http_limits import HttpLimits
from streams.security.registry_access import RegistryAccess
from streams.settings import Settings, policy_folder
from tests.support.sealing import sealing_settings

# Every variable of the contract, the field it sets, a value of it, and what that becomes.
VARIABLES = [
    ("KAFKA_BOOTSTRAP_SERVERS", "bootstrap_servers", "a.example:9093,[::1]:9092", "a.example:9093,[::1]:9092"),
    ("KAFKA_SECURITY_PROTOCOL", "security_protocol", "SSL", "SSL"),
    ("KAFKA_SASL_MECHANISM", "sasl_mechanism", "SCRAM-SHA-512", "SCRAM-SHA-512"),
    ("KAFKA_SASL_USERNAME", "sasl_username", "tierflow", "tierflow"),
    ("KAFKA_SASL_PASSWORD", "sasl_password", "a b#c", "a b#c"),
    ("KAFKA_SASL_OAUTH_TOKEN_FILE", "sasl_oauth_token_file", "/run/token", "/run/token"),
    ("KAFKA_SASL_OAUTH_TOKEN_COMMAND", "sasl_oauth_token_command", "vault read 'a b'", "vault read 'a b'"),
    ("KAFKA_SASL_OAUTH_TOKEN_ENDPOINT", "sasl_oauth_token_endpoint", "https://a.example/t", "https://a.example/t"),
    ("KAFKA_SASL_OAUTH_CLIENT_ID", "sasl_oauth_client_id", "tierflow", "tierflow"),
    ("KAFKA_SASL_OAUTH_CLIENT_SECRET", "sasl_oauth_client_secret", "a b#c", "a b#c"),
    ("KAFKA_SASL_OAUTH_SCOPE", "sasl_oauth_scope", "kafka read", "kafka read"),
    ("KAFKA_SSL_CAFILE", "ssl_cafile", __file__, __file__),
    ("KAFKA_SSL_CERTFILE", "ssl_certfile", __file__, __file__),
    ("TIERFLOW_APP_ID", "app_id", "tiers-2", "tiers-2"),
    ("TIERFLOW_POLICY", "policy", __file__, Path(__file__)),
    ("TIERFLOW_SOURCES", "sources", "elsewhere/sources.toml", Path("elsewhere/sources.toml")),
    ("TIERFLOW_CLOCK", "clock", "event", "event"),
    ("TIERFLOW_HTTP_HOST", "http_host", "::1", "::1"),
    ("TIERFLOW_HTTP_PORT", "http_port", "0", 0),
    ("TIERFLOW_HTTP_TOKEN", "http_token", "c2VjcmV0+/=", "c2VjcmV0+/="),
    ("TIERFLOW_CONSOLE_HOST", "host", "::1", "::1"),
    ("TIERFLOW_CONSOLE_PORT", "port", "0", 0),
    ("TIERFLOW_CONSOLE_ROLE", "role", "agent", "agent"),
    ("TIERFLOW_CONSOLE_TOKENS", "tokens", __file__, __file__),
    ("TIERFLOW_OIDC_ROLES_CLAIM", "roles_claim", "a.b", "a.b"),
    ("TIERFLOW_DATA_DIR", "data_dir", "~/tierflow", Path.home() / "tierflow"),
    ("TIERFLOW_INPUT_PREFIX", "input_prefix", "core.", "core."),
    ("TIERFLOW_OUTPUT_PREFIX", "output_prefix", "out_", "out_"),
    ("TIERFLOW_PARTITIONER", "partitioner", "crc32", "crc32"),
    ("TIERFLOW_BACKFILL", "backfill", "on", True),
    ("TIERFLOW_LOAN_WAIT_MS", "loan_wait_ms", "250", 250),
    ("TIERFLOW_ACCOUNTS", "accounts", "on", True),
    ("TIERFLOW_RATES", "rates", "on", True),
    ("TIERFLOW_ACCOUNT_WAIT_MS", "account_wait_ms", "2678400000", 31 * 86_400_000),
    ("TIERFLOW_ACCOUNT_WAIT_RECORDS", "account_wait_records", "0", 0),
    ("TIERFLOW_TABLES", "tables", "connect", "connect"),
    ("TIERFLOW_OTLP_ENDPOINT", "otlp_endpoint", "http://collector:4318/", "http://collector:4318"),
    ("TIERFLOW_REMEMBERED_IDS", "remembered_ids", "100000", 100_000),
    ("TIERFLOW_HTTP_URL", "http_url_given", "https://worker-1:6443/", "https://worker-1:6443"),
    ("TIERFLOW_HTTP_PEERS", "http_peers", "Worker-*.bank, 10.8.0.0/16", ("worker-*.bank", "10.8.0.0/16")),
    ("TIERFLOW_HTTP_CONNECTIONS", "connections", "8", 8),
    ("TIERFLOW_HTTP_CONNECTIONS_PER_ADDRESS", "connections_per_address", "1000000", 1_000_000),
    ("TIERFLOW_HTTP_HEAD_MS", "head_ms", "100", 100),
    ("TIERFLOW_HTTP_IDLE_MS", "idle_ms", "100", 100),
    ("TIERFLOW_HTTP_ANSWER_MS", "answer_ms", "3000", 3_000),
    ("TIERFLOW_HTTP_HEAD_BYTES", "head_bytes", "1024", 1_024),
    ("TIERFLOW_HTTP_BODY_BYTES", "body_bytes", "0", 0),
]


def settings(dotenv: Path | None = None, **environ: str) -> Settings:
    return Settings.from_environment(environ, dotenv)


def complaint(**environ: str) -> str:
    with pytest.raises(UsageError) as error:
        settings(**environ)
    return str(error.value)


def test_everything_has_a_default() -> None:
    assert settings(HOME="/nowhere", XDG_DATA_HOME="/var/lib") == Settings(
        bootstrap_servers="127.0.0.1:9092",
        access=Access(security_protocol="PLAINTEXT", sasl_mechanism="PLAIN"),
        app_id="tierflow",
        policy=policy_folder() / "standard.toml",
        clock="wall",
        http_host="127.0.0.1",
        http_port=6066,
        http_port_given=False,
        http_token="",
        data_dir=Path("/var/lib/tierflow"),
        input_prefix="bank.",
        output_prefix="tier.",
        partitioner="murmur2",
        backfill=False,
        loan_wait_ms=1_000,
        remembered_ids=64,
        accounts=False,
        rates=False,
        account_wait_ms=86_400_000,
        account_wait_records=100_000,
        otlp_endpoint="",
    )


@pytest.mark.parametrize(("variable", "field", "written", "becomes"), VARIABLES)
def test_every_variable_sets_its_field(variable: str, field: str, written: str, becomes: object) -> None:
    found = settings(**{variable: written})
    parts = (found, found.access, found.http_limits, found.console)
    assert [getattr(part, field) for part in parts if hasattr(part, field)] == [becomes]


def test_every_field_has_a_variable() -> None:
    # The key is set with its certificate, the registry's name with its password, the issuer with its audience, below;
    # the others say whether a port was set, and what the broker allows.
    names = {field.name for struct in (Settings, Access, HttpLimits, ConsoleAccess) for field in fields(struct)}
    assert names - {field for _, field, _, _ in VARIABLES} == {
        "access",
        "keys",  # with its master key, in tests/security/test_master_key.py
        "registry",
        "ssl_keyfile",
        "http_port_given",
        "http_limits",
        "console",
        "port_given",
        "issuer",
        "audience",
        "letter_bytes",
    }


@pytest.mark.parametrize(
    ("variable", "written", "advice"),
    [
        *(
            ("KAFKA_BOOTSTRAP_SERVERS", written, "write host:port, more after commas")
            for written in ("", "localhost", "a:1,", "a:1, b:2", ",a:1", "a:b", "a:65536", "a:0", "a:٩", "::1:9092")
        ),
        *(
            ("KAFKA_SECURITY_PROTOCOL", written, "write one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL")
            for written in ("", "TLS", "ssl")
        ),
        ("KAFKA_SASL_MECHANISM", "GSSAPI", "write one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER"),
        *((name, "/nowhere/ca.pem", "write the path of a PEM file") for name in ("KAFKA_SSL_CAFILE",)),
        *((name, "/", "write the path of a PEM file") for name in ("KAFKA_SSL_CERTFILE", "KAFKA_SSL_KEYFILE")),
        ("KAFKA_SSL_KEYFILE", __file__, "write KAFKA_SSL_CERTFILE too"),
        *(("TIERFLOW_CLOCK", written, "write wall or event") for written in ("", "Wall", "processing")),
        *(("TIERFLOW_PARTITIONER", written, "write murmur2, crc32 or none") for written in ("", "murmur", "Murmur2")),
        *(
            ("TIERFLOW_REMEMBERED_IDS", written, "write a whole number from 64 to 100,000, without a comma")
            for written in ("", "63", "100001", "1,000", "64.0", "-64", "٦٤", "9" * 5000)
        ),
        *(
            ("TIERFLOW_HTTP_PORT", written, "write a port from 1 to 65535, or 0 for any free one")
            for written in ("", "http", "-1", "65536", "6066.0", "٦٠٦٦", " 6066", "9" * 5000)
        ),
        *(
            ("TIERFLOW_HTTP_HOST", written, "set TIERFLOW_HTTP_TOKEN, or write 127.0.0.1")
            for written in ("0.0.0.0", "::", "", "192.168.1.5", "tiers.example")  # noqa: S104 - what must be refused
        ),
        *(("TIERFLOW_HTTP_TOKEN", written, "write letters and digits") for written in ("two words", "密碼", "a\n")),
        *(("TIERFLOW_POLICY", written, "write the path of a policy file") for written in ("/nowhere.toml", "/")),
        ("TIERFLOW_DATA_DIR", __file__, "write the path of one"),
        *(
            (name, written, "write 1 to 200 letters, digits, dots, underscores, hyphens")
            for name in ("TIERFLOW_APP_ID", "TIERFLOW_INPUT_PREFIX", "TIERFLOW_OUTPUT_PREFIX")
            for written in ("", "a b", "bank/", "銀行.", "a\n", "x" * 201)
        ),
        *(
            ("TIERFLOW_APP_ID", written, "write one that does not end in -grants and has no -deliver- in it")
            for written in ("tierflow-grants", "tierflow-deliver-crm", "a-deliver-b-c", "x-grants-grants")
        ),
        *(
            ("TIERFLOW_LOAN_WAIT_MS", written, "write milliseconds from 0 to 30000")
            for written in ("", "-1", "1s", "30001", "0.5", "٩")
        ),
        ("TIERFLOW_INPUT_PREFIX", "tier.", "write two prefixes"),
        ("TIERFLOW_OUTPUT_PREFIX", "bank.", "write two prefixes"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write(variable: str, written: str, advice: str) -> None:
    sentence = complaint(**{variable: written})
    assert variable in sentence
    assert advice in sentence


@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("login", [{}, {"KAFKA_SASL_USERNAME": "a"}, {"KAFKA_SASL_PASSWORD": "b"}])
def test_sasl_needs_a_login(protocol: str, login: dict[str, str]) -> None:
    assert "set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD" in complaint(KAFKA_SECURITY_PROTOCOL=protocol, **login)


@pytest.mark.parametrize("files", [{"KAFKA_SSL_CAFILE": __file__}, {"KAFKA_SSL_CERTFILE": __file__}])
def test_files_that_are_no_pem_stop_the_start(files: dict[str, str]) -> None:
    assert "write paths of PEM files" in complaint(KAFKA_SECURITY_PROTOCOL="SSL", **files)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    assert settings(TIERFLOW_HTTP_HOST=host).http_host == host


def test_with_a_token_the_server_may_be_reached() -> None:
    reachable = settings(TIERFLOW_HTTP_HOST="0.0.0.0", TIERFLOW_HTTP_TOKEN="secret")  # noqa: S104, S106
    assert reachable.http_host == "0.0.0.0"  # noqa: S104 - allowed with a token


def test_secrets_are_not_shown() -> None:
    shown = repr(settings(TIERFLOW_HTTP_TOKEN="opensesame", KAFKA_SASL_PASSWORD="opensesame"))  # noqa: S106
    assert "opensesame" not in shown
    assert "opensesame" not in complaint(TIERFLOW_HTTP_TOKEN="opensesame now")  # noqa: S106


# --- the .env file ---------------------------------------------------------------------------------------------------


def test_a_dotenv_file_gives_what_the_environment_does_not(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("TIERFLOW_APP_ID=from-file\nTIERFLOW_CLOCK=event\n", encoding="utf-8")
    read = settings(dotenv, TIERFLOW_APP_ID="from-environment")
    assert (read.app_id, read.clock) == ("from-environment", "event")


def test_the_dotenv_file_of_the_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("TIERFLOW_APP_ID=here\n", encoding="utf-8")
    assert Settings.from_environment({}).app_id == "here"


@pytest.mark.parametrize(
    ("line", "password"),
    [
        ("KAFKA_SASL_PASSWORD=plain", "plain"),
        ("  export KAFKA_SASL_PASSWORD = spaced  ", "spaced"),
        ('KAFKA_SASL_PASSWORD="two words # all of it"', "two words # all of it"),
        ("KAFKA_SASL_PASSWORD='it is'  # said so", "it is"),
        ('KAFKA_SASL_PASSWORD=half"', 'half"'),
        ("KAFKA_SASL_PASSWORD=a#b=c # but not this", "a#b=c"),
        ("KAFKA_SASL_PASSWORD= # none", ""),
        ("KAFKA_SASL_PASSWORD=", ""),
        ("# KAFKA_SASL_PASSWORD=x", ""),
        ("\ufeffKAFKA_SASL_PASSWORD=after a mark", "after a mark"),
        ("KAFKA_SASL_PASSWORD=first\nKAFKA_SASL_PASSWORD=last", "last"),
        ("KAFKA_SASL_PASSWORD=密碼\r", "密碼"),
    ],
)
def test_the_forms_of_a_line(tmp_path: Path, line: str, password: str) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"{line}\n\n", encoding="utf-8")
    assert settings(dotenv).access.sasl_password == password


def test_a_line_that_is_no_setting_is_named_and_not_quoted(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("# mine\nKAFKA_SASL_PASSWORD secret\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"\.env, line 2 is no setting; write NAME=value$"):
        settings(dotenv)


def test_a_dotenv_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"TIERFLOW_APP_ID=\xff\n")
    with pytest.raises(UsageError, match=r"\.env cannot be read .* write it as UTF-8 text"):
        settings(dotenv)


# --- what is made of them --------------------------------------------------------------------------------------------


def test_topics_have_the_prefixes_and_the_changelog_the_app_id() -> None:
    read = settings(TIERFLOW_INPUT_PREFIX="core.", TIERFLOW_OUTPUT_PREFIX="out_", TIERFLOW_APP_ID="a1")
    names = ("balances", "transactions", "credit", "loans", "customers")
    assert read.input_topics() == tuple(f"core.{name}" for name in names)
    assert read.input_topic("loans") == "core.loans"
    assert read.output_topic("dead-letters") == "out_dead-letters"
    assert read.changelog_topic == "a1-customers-changelog"


def test_the_longest_names_are_legal_for_kafka() -> None:
    longest = "x" * 200
    read = settings(TIERFLOW_APP_ID=longest, TIERFLOW_INPUT_PREFIX=longest, TIERFLOW_OUTPUT_PREFIX=f"{longest[1:]}y")
    names = [*read.input_topics(), read.output_topic("dead-letters"), read.changelog_topic]
    assert max(len(name) for name in names) <= 249


@pytest.mark.parametrize("dots", [".", ".."])
def test_dots_alone_are_a_prefix_but_never_a_name(dots: str) -> None:
    assert settings(TIERFLOW_INPUT_PREFIX=dots).input_topic("loans") == f"{dots}loans"


@pytest.mark.parametrize(
    ("environ", "options"),
    [
        ({}, {"bootstrap_servers": "127.0.0.1:9092"}),
        (
            {
                "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "KAFKA_SASL_MECHANISM": "SCRAM-SHA-256",
                "KAFKA_SASL_USERNAME": "a",
                "KAFKA_SASL_PASSWORD": "b",
            },
            {
                "bootstrap_servers": "127.0.0.1:9092",
                "security_protocol": "SASL_PLAINTEXT",
                "sasl_mechanism": "SCRAM-SHA-256",
                "sasl_plain_username": "a",
                "sasl_plain_password": "b",
            },
        ),
    ],
)
def test_what_connects_a_client(environ: dict[str, str], options: dict[str, str]) -> None:
    assert settings(**environ).client_options() == options


def test_tls_checks_the_broker() -> None:
    context = settings(KAFKA_SECURITY_PROTOCOL="SSL").client_options()["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_registry_has_a_name_and_a_password_or_a_token() -> None:
    named = settings(TIERFLOW_REGISTRY_USER="me", TIERFLOW_REGISTRY_PASSWORD="a b#c", TIERFLOW_REGISTRY_CAFILE=__file__)  # noqa: S106 - of no one
    assert named.registry == RegistryAccess(user="me", password="a b#c", cafile=__file__)  # noqa: S106 - of no one
    assert settings(TIERFLOW_REGISTRY_TOKEN="abc").registry == RegistryAccess(token="abc")  # noqa: S106 - of no one


def test_an_issuer_has_an_audience() -> None:
    given = {"TIERFLOW_OIDC_ISSUER": "https://a.example", "TIERFLOW_OIDC_AUDIENCE": "tierflow"}
    assert (settings(**given).console.issuer, settings(**given).console.audience) == ("https://a.example", "tierflow")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"TIERFLOW_TABLES": "avro"}, "TIERFLOW_REGISTRY_URL is not set"),
        ({"TIERFLOW_TABLES": "json"}, "write off, connect or avro"),
        ({"TIERFLOW_REGISTRY_URL": "registry:8081"}, "write https://host:port"),
        ({"TIERFLOW_REGISTRY_URL": "https://name:secret@registry"}, "write https://host:port"),
    ],
)
def test_tables_that_cannot_be_written_are_refused(given: dict[str, str], says: str) -> None:
    assert says in complaint(**given)


def test_tables_and_keys_of_customers_do_not_go_together(tmp_path: Path) -> None:
    given = {**sealing_settings(tmp_path), "TIERFLOW_TABLES": "connect"}
    assert "TIERFLOW_KEYS is on" in complaint(**given)
