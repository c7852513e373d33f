"""The TLS context of all clients, which takes renewed certificates up without a restart.

aiokafka gives the context it was made with to every new connection. So the context looks at its files then. What it
hands on is another context, made of the files as a whole: loading them into one that is in use would keep authorities
that were taken away, and would leave a certificate without its key if the second file is not written yet.
"""

import functools
import logging
import ssl
import threading
from pathlib import Path
from typing import Any, NamedTuple

from streams.errors import UsageError

_log = logging.getLogger(__name__)


class TlsFiles(NamedTuple):
    """Paths of PEM files: authorities, our certificate, its key. Empty: those of the system; none; in the former."""

    cafile: str = ""
    certfile: str = ""
    keyfile: str = ""


class RenewedContext(ssl.SSLContext):
    """A context for clients that makes each connection with the files as they are now.

    Files that cannot be used change nothing: what was read before holds on, and one line of the log says so.
    """

    files: TlsFiles

    @classmethod
    def of(cls, files: TlsFiles) -> "RenewedContext":
        """Makes it.

        Raises:
            UsageError: A file cannot be used.
        """
        made = cls(ssl.PROTOCOL_TLS_CLIENT)
        made.files = files
        made._read = _versions(files)
        made._current = load(files)
        made._renewing = threading.Lock()  # the consumer of a worker has a thread of its own
        return made

    def wrap_bio(self, *given: Any, **named: Any) -> ssl.SSLObject:
        """Gives the TLS side of a new connection: asyncio calls this once for each."""
        return self._renewed().wrap_bio(*given, **named)

    def wrap_socket(self, *given: Any, **named: Any) -> ssl.SSLSocket:
        """Gives the TLS side of a blocking connection."""
        return self._renewed().wrap_socket(*given, **named)

    def _renewed(self) -> ssl.SSLContext:
        with self._renewing:
            found = _versions(self.files)
            if found != self._read:
                # Noted before they are read: what is written meanwhile is a change of its own.
                self._read = found
                try:
                    self._current = load(self.files)
                except UsageError as error:
                    _log.warning("renewed TLS files are not used yet, the former hold on: %s", error)
                else:
                    _log.info("new connections use the renewed TLS files (%s)", ", ".join(filter(None, self.files)))
            return self._current

    _read: tuple[object, ...]
    _current: ssl.SSLContext
    _renewing: threading.Lock


@functools.cache
def shared_context(files: TlsFiles) -> RenewedContext:
    """Gives the one context of this process for these files.

    Raises:
        UsageError: A file cannot be used.
    """
    return RenewedContext.of(files)


def load(files: TlsFiles, *, system_too: bool = False) -> ssl.SSLContext:
    """Makes a context of the files. system_too: trusts the system's authorities beside those of the file.

    Raises:
        UsageError: A file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=None if system_too else files.cafile or None)
        if system_too and files.cafile:
            context.load_verify_locations(files.cafile)
        if files.certfile:
            context.load_cert_chain(files.certfile, files.keyfile or None, password="")
    except OSError as error:  # ssl.SSLError is a subclass
        raise UsageError(
            f"KAFKA_SSL_CAFILE, KAFKA_SSL_CERTFILE or KAFKA_SSL_KEYFILE cannot be used ({error}); "
            "write paths of PEM files, the key being that of the certificate"
        ) from error
    return context


def _versions(files: TlsFiles) -> tuple[object, ...]:
    """Gives what differs once a file, or the link that leads to it, was replaced or written."""
    return tuple(_version(path) for path in files if path)


def _version(path: str) -> object:
    try:
        found = Path(path).stat()
    except OSError as error:
        return error.errno
    return found.st_ino, found.st_size, found.st_mtime_ns
