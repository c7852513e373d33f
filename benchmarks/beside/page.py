"""Puts a run's figures into docs/performance.md and the README: `make bench-page RESULTS=benchmarks/results/….json`.

A part of the page between two comments (`<!-- throughput -->` and `<!-- /throughput -->`) is what the results say; the
rest is left as it is. Pictures go to docs/images.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.beside.pictures import write_pictures
from benchmarks.beside.results import Results, read_results
from benchmarks.beside.sizing import sizing
from benchmarks.beside.systems import PROJECT
from benchmarks.beside.tables import alone, commands, delays, ground_of, in_short, throughput, written

PAGE = PROJECT / "docs" / "performance.md"
README = PROJECT / "README.md"
IMAGES = PROJECT / "docs" / "images"
NOT_MEASURED = "Not measured in this run."


def parts_of(results: Results, pictures: Mapping[str, str], file: str) -> dict[str, str]:
    """Gives the parts of the page by name. pictures: the file of each by its title. file: where the results are."""
    shown = "\n\n".join(f"![{title}](images/{name})" for title, name in pictures.items())
    return {
        "ground": f"{ground_of(results)}\n\nEvery single run: `{file}`.",
        "pictures": shown,
        "short": in_short(results),
        "throughput": throughput(results),
        "written": written(results),
        "delays": delays(results),
        "alone": alone(results),
        "sizing": sizing(results),
        "commands": commands(results),
    }


def filled(page: str, parts: Mapping[str, str]) -> str:
    """Gives the page with its parts replaced. A part that the page does not have is left out."""
    for name, text in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        whole = f"{begin}\n\n{text or NOT_MEASURED}\n\n{end}"
        page = re.sub(rf"{begin}.*?{end}", whole.replace("\\", r"\\"), page, flags=re.DOTALL)
    return page


def main() -> None:
    """Fills the pages from the file of results that is named."""
    file = Path(sys.argv[1]).resolve()
    results = read_results(file)
    IMAGES.mkdir(exist_ok=True)
    pictures = write_pictures(results, IMAGES / "beside.json")
    name = file.relative_to(PROJECT).as_posix() if file.is_relative_to(PROJECT) else file.name
    parts = parts_of(results, pictures, name)
    for page in (PAGE, README):
        page.write_text(filled(page.read_text(), parts))


if __name__ == "__main__":
    main()
