"""Writes the digests of images behind their tags, asked of their registries: make pin-images.

An image keeps its tag, for people; the digest, that of the index of all platforms, is what is fetched. Images that are
built here, such as tierflow:local, have none. `crane` asks, since it knows how every registry wants to be asked.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).parents[1]
FILES = (PROJECT / "deploy/Dockerfile", PROJECT / "docker-compose.yml")
# `ARG BASE=`, `FROM` or `image:`, a name with a version, and a digest where there is one already.
_IMAGE = re.compile(
    r"^(ARG BASE=|FROM | *image: )((?:[\w.-]+(?::\d+)?/)*[\w.-]+:v?\d[\w.-]*)(@sha256:[0-9a-f]{64})?(?![\w./:-])",
    re.MULTILINE,
)


def pinned(text: str, digest_of: Callable[[str], str]) -> str:
    """Gives the text of a file with the digest of each image behind its tag."""
    return _IMAGE.sub(lambda found: f"{found[1]}{found[2]}@{digest_of(found[2])}", text)


def digest_of(image: str) -> str:
    """Asks the registry for the digest of an image."""
    crane = shutil.which("crane", path=f"{PROJECT / '.tools/bin'}:/usr/local/bin:/usr/bin") or "crane"
    digest = subprocess.run([crane, "digest", image], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        sys.exit(f"{image}: {digest!r} is no digest")
    sys.stderr.write(f"{image} {digest}\n")
    return digest


if __name__ == "__main__":
    for file in FILES:
        file.write_text(pinned(file.read_text(), digest_of))
