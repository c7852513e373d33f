"""The TLS context takes renewed files up, and keeps what it has while they cannot be used."""

import asyncio
import logging
import ssl
from pathlib import Path

import pytest

from streams.errors import UsageError
from streams.security import tls
from streams.security.tls import RenewedContext, TlsFiles, load
from tests.support.certificates import Authority, Pair
from tests.support.patience import stretched


def served_by(pair: Pair, authority: Authority) -> ssl.SSLContext:
    """A server that wants a client certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    context.load_verify_locations(authority.cafile)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def shown(context: ssl.SSLContext, server: ssl.SSLContext) -> str:
    """The name in the certificate that a client with this context shows, as the server sees it."""
    names: asyncio.Queue[str] = asyncio.Queue()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        certificate = writer.get_extra_info("peercert")
        names.put_nowait(dict(part for (part,) in certificate["subject"])["commonName"])
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
        await reader.read()
        writer.close()
        return await asyncio.wait_for(names.get(), stretched(5))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "certificates")


@pytest.fixture
def files(authority: Authority, tmp_path: Path) -> TlsFiles:
    """The files of a client, whose certificate is `first`."""
    found = TlsFiles(*(str(tmp_path / name) for name in ("ca.pem", "client.pem", "client.key")))
    Path(found.cafile).write_bytes(authority.cafile.read_bytes())
    put(files=found, pair=authority.issue("first"))
    return found


def put(files: TlsFiles, pair: Pair) -> None:
    write(files.certfile, pair.certificate.read_bytes())
    write(files.keyfile, pair.key.read_bytes())


def write(path: str, content: bytes | None) -> None:
    """Writes a file, or takes it away."""
    if content is None:
        Path(path).unlink()
    else:
        Path(path).write_bytes(content)


def told(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the context says; asyncio, too, may say something of a connection that ends."""
    return [record for record in caplog.records if record.name == tls.__name__]


async def test_a_renewed_certificate_is_shown_by_the_next_connection(
    files: TlsFiles, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "streams")
    server = served_by(authority.issue("server"), authority)
    context = RenewedContext.of(files)
    assert await shown(context, server) == "first"
    put(files, authority.issue("second"))
    assert [await shown(context, server) for _ in range(2)] == ["second", "second"]
    assert [record.getMessage().split(" (")[0] for record in told(caplog)] == [
        "new connections use the renewed TLS files"
    ]


async def test_half_of_a_pair_changes_nothing_and_is_said_once(
    files: TlsFiles, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    server = served_by(authority.issue("server"), authority)
    context, second = RenewedContext.of(files), authority.issue("second")
    write(files.certfile, second.certificate.read_bytes())
    assert [await shown(context, server) for _ in range(3)] == ["first"] * 3
    write(files.keyfile, second.key.read_bytes()[:60])
    assert await shown(context, server) == "first"
    write(files.keyfile, None)
    assert await shown(context, server) == "first"
    assert [record.levelname for record in told(caplog)] == ["WARNING"] * 3
    assert "the former hold on" in caplog.text
    write(files.keyfile, second.key.read_bytes())
    assert await shown(context, server) == "second"


async def test_an_authority_that_is_taken_away_is_not_trusted_any_more(
    files: TlsFiles, authority: Authority, tmp_path: Path
) -> None:
    server = served_by(authority.issue("server"), authority)
    context = RenewedContext.of(files)
    assert await shown(context, server) == "first"
    other = Authority(tmp_path / "other", "other")
    write(files.cafile, other.cafile.read_bytes())
    with pytest.raises(ssl.SSLCertVerificationError):
        await shown(context, server)


async def test_files_behind_a_link_that_is_turned_are_renewed_too(
    files: TlsFiles, authority: Authority, tmp_path: Path
) -> None:
    """As Kubernetes does it with a secret: the folder is a link, and is turned to another one."""
    server = served_by(authority.issue("server"), authority)
    for name in ("first", "second"):
        (tmp_path / f"{name}.d").mkdir()
        put(TlsFiles("", *(str(tmp_path / f"{name}.d" / part) for part in ("c", "k"))), authority.issue(name))
    link = tmp_path / "now"
    link.symlink_to("first.d")
    context = RenewedContext.of(TlsFiles(files.cafile, str(link / "c"), str(link / "k")))
    assert await shown(context, server) == "first"
    (tmp_path / "next").symlink_to("second.d")
    (tmp_path / "next").replace(link)
    assert await shown(context, server) == "second"


def test_what_is_no_certificate_stops_the_start(files: TlsFiles) -> None:
    Path(files.keyfile).write_text("no key")
    for make in (load, RenewedContext.of):
        with pytest.raises(UsageError, match="write paths of PEM files, the key being that of the certificate"):
            make(files)
