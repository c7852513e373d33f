"""A mapping of sources, read from its file."""

from pathlib import Path
from typing import TYPE_CHECKING

from streams.errors import UsageError

if TYPE_CHECKING:
    from streams.intake.compile.mapping import CompiledMapping


def read_mapping_file(file: Path) -> "CompiledMapping":
    """Reads and compiles a mapping.

    Raises:
        UsageError: It cannot be used.
    """
    from streams.intake.compile.mapping import MappingError, load_mapping

    try:
        return load_mapping(text_of(file))
    except MappingError as error:
        raise UsageError(f"{file}: {error}") from error


def text_of(file: Path) -> str:
    """Reads a mapping.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}; name a mapping, as docs/intake.md shows one"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no text in UTF-8; save it as that") from error
