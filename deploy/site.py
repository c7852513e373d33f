"""Lays out the sources of the documentation site as they lie in a checkout: every link leads where it does there.

    python deploy/site.py FOLDER

The pages are those of mkdocs.yml, and whatever they link to: other pages, files as they are, folders as a list of what
is in them. `reference/` is made of the product itself (reference.py).
"""

import re
import shutil
import sys
from pathlib import Path

from reference import PROJECT, pages

_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")
_PAGE = re.compile(r": ([\w./-]+\.md)$", re.MULTILINE)


def lay_out(folder: Path) -> None:
    """Writes all sources into a folder, anew."""
    shutil.rmtree(folder, ignore_errors=True)
    made = {PROJECT / f"reference/{name}.md": text for name, text in pages().items()}
    todo = [PROJECT / name for name in _PAGE.findall((PROJECT / "mkdocs.yml").read_text())]
    done = set[Path]()
    while todo:
        path = todo.pop()
        if path in done:
            continue
        done.add(path)
        to = folder / path.relative_to(PROJECT)
        to.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            path, to = path / "index.md", to / "index.md"
            todo += _write(path, _listed(path.parent), to)
        elif path.suffix == ".md":
            todo += _write(path, made.get(path) or path.read_text(encoding="utf-8"), to)
        else:
            shutil.copy(path, to)


def _listed(folder: Path) -> str:
    """Gives the page of a folder: what is in it."""
    inside = sorted(one.name for one in folder.iterdir() if not one.name.startswith((".", "__")))
    return f"# {folder.relative_to(PROJECT)}\n\n" + "\n".join(f"- [{name}]({name})" for name in inside) + "\n"


def _write(page: Path, text: str, to: Path) -> list[Path]:
    """Writes a page, and gives what it links to. A link to a folder leads to its README.md, or to a list of it."""
    linked = []

    def link(found: re.Match[str]) -> str:
        target = (page.parent / found[1]).resolve()
        if not (target.exists() and target.is_relative_to(PROJECT)):
            return found[0]
        if target.is_dir():
            name = "README.md" if (target / "README.md").is_file() else "index.md"
            linked.append(target / name if name == "README.md" else target)
            return f"{found[0].rstrip('/')}/{name}"
        linked.append(target)
        return found[0]

    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(_LINK.sub(link, text), encoding="utf-8")
    return linked


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]).resolve())
