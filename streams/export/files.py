"""The folder of an export: which offsets its files hold, and how a file comes into it.

A file is `changes/00002-00000000000000000000-00000000000000001234.parquet`: the partition, the first offset that it
covers, and the one after the last. It gets its name only when all of it is on the disk, so what a run that was cut off
has begun counts for nothing, and the next one begins there again.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from streams.errors import UsageError

_TOPIC_ID = b"tierflow_topic_id"
_BEGUN = ".begun"


class Part(NamedTuple):
    """A file: the partition, the first offset that it covers, and the one after the last."""

    path: Path
    partition: int
    begins_at: int
    next_offset: int


class Folder:
    """The folder of an export."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Makes it, and keeps other runs out of it until the end of the block. What was only begun is taken away.

        Raises:
            UsageError: Another run writes there, or it cannot be written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / ".lock").open("w")
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written to: {error.strerror}; name another folder") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UsageError(f"another export writes to {self.path}; wait until it has ended") from error
            for begun in self.path.glob(f"*/*{_BEGUN}"):
                begun.unlink()
            yield

    def parts(self, table: str) -> dict[int, list[Part]]:
        """Gives the files of a table by partition, in their order.

        Raises:
            UsageError: One is missing between others, or a name is none of tierflow's.
        """
        found: dict[int, list[Part]] = {}
        for path in sorted((self.path / table).glob("*.parquet")):
            part = _part_of(path)
            of_partition = found.setdefault(part.partition, [])
            if of_partition and of_partition[-1].next_offset != part.begins_at:
                raise UsageError(
                    f"{self.path / table}: no file holds the offsets from {of_partition[-1].next_offset} to "
                    f"{part.begins_at} of partition {part.partition}; put it back, or export into an empty folder"
                )
            of_partition.append(part)
        return found

    def check_topic(self, part: Part, topic: str, topic_id: str) -> None:
        """Checks that a file is of the topic as it is now.

        Raises:
            UsageError: It is of another one, or of one that was made anew since.
        """
        if topic_id_of(part.path) != topic_id:
            raise UsageError(
                f"{part.path} is of another {topic} than the one that is there now: the cluster is another, or the "
                "topic was made anew; export into an empty folder"
            )

    def write(self, part: Part, schema: pa.Schema, rows: Iterable[Mapping[str, Any]], topic_id: str) -> None:
        """Writes a file, or puts another in its place."""
        table = pa.Table.from_pylist(list(rows), schema=schema)
        self.put(part.path, table.replace_schema_metadata({_TOPIC_ID: topic_id.encode()}))

    def put(self, path: Path, table: pa.Table) -> None:
        """Puts a table into a file, all at once.

        Raises:
            UsageError: It cannot be written, such as to a disk that is full.
        """
        begun = path.with_name(path.name + _BEGUN)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, begun, compression="zstd")
            _on_disk(begun)
            begun.replace(path)
            _on_disk(path.parent)
        except OSError as error:
            why = f"{path} cannot be written ({error.strerror}); the next run goes on from what is there"
            raise UsageError(why) from error

    def part(self, table: str, partition: int, begins_at: int, next_offset: int) -> Part:
        """Gives the file of a span of offsets."""
        name = f"{partition:05}-{begins_at:020}-{next_offset:020}.parquet"
        return Part(self.path / table / name, partition, begins_at, next_offset)

    def erasures_read(self) -> dict[int, int]:
        """Gives up to where the erasures were read that the files know of, by partition; nothing where it is lost."""
        with suppress(FileNotFoundError, ValueError):
            return {int(number): offset for number, offset in json.loads(self._erasures.read_bytes()).items()}
        return {}

    def note_erasures(self, next_offsets: Mapping[int, int]) -> None:
        """Notes it, once the files know."""
        begun = self._erasures.with_name(self._erasures.name + _BEGUN)
        begun.write_text(json.dumps(next_offsets))
        _on_disk(begun)
        begun.replace(self._erasures)

    @property
    def _erasures(self) -> Path:
        return self.path / "erasures-read.json"


def topic_id_of(path: Path) -> str:
    """Gives the id of the topic that a file is of; empty where it has none.

    Raises:
        UsageError: The file cannot be read.
    """
    try:
        noted: dict[bytes, bytes] = pq.read_schema(path).metadata or {}
        return noted.get(_TOPIC_ID, b"").decode()
    except (OSError, pa.ArrowInvalid) as error:
        raise UsageError(f"{path} cannot be read: {error}; delete it and all later ones of its partition") from error


def _part_of(path: Path) -> Part:
    try:
        partition, begins_at, next_offset = map(int, path.stem.split("-"))
    except ValueError as error:
        raise UsageError(f"{path} is no file of an export; move it elsewhere") from error
    return Part(path, partition, begins_at, next_offset)


def _on_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
