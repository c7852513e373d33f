"""The examples of examples/sources: each mapping, and the sample beside it."""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "examples" / "sources"
MAPPINGS = sorted(FOLDER.glob("*.toml"))


def sample_of(mapping: Path) -> Path:
    """The file of records of a mapping: of the same name."""
    [sample] = [path for path in FOLDER.glob(f"{mapping.stem}.*") if path != mapping]
    return sample
