"""Real certificates, made by openssl: authorities, and what they issue."""

import subprocess
from pathlib import Path
from typing import NamedTuple

LOOPBACK = ("DNS:localhost", "IP:127.0.0.1")


class Pair(NamedTuple):
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority of the tests. Its certificate is `cafile`."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.cafile = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self._key)
        openssl("req", "-x509", "-new", "-key", self._key, "-subj", f"/CN={name}", "-days", "2", "-out", self.cafile)

    def issue(self, name: str, hosts: tuple[str, ...] = LOOPBACK, days: int = 2) -> Pair:
        """Makes a key and a certificate. days: until it expires; -1: it has. A pair of that name is replaced."""
        pair = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(hosts)}\n")
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", pair.key)
        openssl("req", "-new", "-key", pair.key, "-subj", f"/CN={name}", "-out", request)
        signed_by = ("-CA", self.cafile, "-CAkey", self._key, "-CAcreateserial", "-extfile", extensions)
        openssl("x509", "-req", "-in", request, *signed_by, "-days", str(days), "-out", pair.certificate)
        return pair


def openssl(*arguments: object, given: bytes | None = None) -> bytes:
    """Runs openssl; gives its standard output."""
    done = subprocess.run(["openssl", *map(str, arguments)], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
