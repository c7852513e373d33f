"""Tokens of OAUTHBEARER: JSON Web Tokens, signed by openssl, and the key set by which a broker checks them.

As a program it writes one token: `python signed_tokens.py KEY SECONDS`, for KAFKA_SASL_OAUTH_TOKEN_COMMAND.
"""

import json
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from pathlib import Path

AUDIENCE = "kafka"


def make_key(key: Path, key_set: Path) -> None:
    """Makes an RSA key, and the file of the key set that a broker reads."""
    _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(key))
    modulus = _openssl("rsa", "-in", str(key), "-noout", "-modulus").decode().strip().removeprefix("Modulus=")
    public = {
        "kty": "RSA",
        "kid": "tests",
        "alg": "RS256",
        "use": "sig",
        "e": "AQAB",
        "n": _encoded(bytes.fromhex(modulus)),
    }
    key_set.write_text(json.dumps({"keys": [public]}))


def token(key: Path, valid_s: float = 600.0, subject: str = "alice") -> str:
    """Signs a token that is valid for so long, to the second."""
    now = int(time.time())
    claims = {"sub": subject, "aud": AUDIENCE, "iss": "tests", "iat": now, "exp": now + int(valid_s), "scope": "kafka"}
    head = _encoded(json.dumps({"alg": "RS256", "typ": "JWT", "kid": "tests"}).encode())
    signed = f"{head}.{_encoded(json.dumps(claims).encode())}"
    signature = _openssl("dgst", "-sha256", "-sign", str(key), given=signed.encode())
    return f"{signed}.{_encoded(signature)}"


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _openssl(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout


if __name__ == "__main__":
    sys.stdout.write(token(Path(sys.argv[1]), float(sys.argv[2])))
