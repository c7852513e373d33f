"""The mark of the console's sources: the built page keeps it, so that a test tells when the page is the older one.

python console/sources.py         says it
python console/sources.py keep    writes it beside the built page (`make console` does)
"""

import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).parent
KEPT = HERE.parent / "streams/console/page/sources.sha256"
FILES = ("index.html", "package.json", "package-lock.json", "svelte.config.js", "tsconfig.json", "vite.config.ts")
FOLDERS = ("src", "public")


def mark() -> str:
    """Gives the SHA-256 over names and contents of all that the page is built from."""
    files = [HERE / name for name in FILES]
    files += sorted(path for folder in FOLDERS for path in (HERE / folder).rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(HERE).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


if __name__ == "__main__":
    if sys.argv[1:] == ["keep"]:
        KEPT.write_text(mark() + "\n")
    print(mark())
