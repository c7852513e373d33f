"""The writing side of the index: records in, rows and offsets in one transaction. One process alone may write."""

import fcntl
import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, Self

from streams.errors import UsageError
from streams.history.rows import Entry, LetterRow, Standing, as_record
from streams.history.schema import EMPTIED, TABLES, VERSION
from streams.kafka.dead_letters import ERASED
from streams.kafka.erasures import Erasures

FILE: Final = "history.sqlite3"
GENERATION: Final = "generation"
"""The name of the fact that is another one in every index made anew: cursors of streams have it."""
FORGOTTEN: Final = "forgotten_to"
"""The name of the fact up to which number entries are gone since their topics no longer have them."""

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_TOPICS = "topics"
_ENTRY = f"INSERT OR IGNORE INTO entries ({', '.join(Entry._fields)}) VALUES ({', '.join('?' * len(Entry._fields))})"
_LETTER = f"INSERT OR REPLACE INTO letters VALUES ({', '.join('?' * len(LetterRow._fields))})"
_STANDING = f"INSERT OR REPLACE INTO current VALUES ({', '.join('?' * len(Standing._fields))})"


class Index:
    """The index as it is written. Its methods take time, and are to be called one at a time, off the event loop."""

    def __init__(self, folder: Path) -> None:
        """Opens the index in a folder, or makes it, and locks it.

        Raises:
            UsageError: Another process has it, or the file cannot be made.
        """
        self.file = folder / FILE
        try:
            self._lock = (folder / f"{FILE}.lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                f"TIERFLOW_DATA_DIR: the index in {folder} cannot be opened ({error.strerror}); another "
                "`tierflow console` may have it: give each a folder of its own"
            ) from error
        if self.file.exists() and not _is_ours(self.file):
            self._unlink()
        self.file.touch(mode=0o600)  # it holds what customers have
        self._write = _opened(self.file)
        if _version(self._write) != VERSION:
            self.make_anew()

    def close(self) -> None:
        """Closes the file, and lets others have it."""
        self._write.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def make_anew(self) -> None:
        """Makes an empty file in the place of one that is damaged. Who reads the former one has to open this one."""
        with suppress(sqlite3.Error):
            self._write.close()
        self._make()

    # --- what it is of ---

    def is_of(self, topics: Mapping[str, str]) -> bool:
        """Says whether it was made of these topics. topics: their ids, by name; empty where the broker tells none."""
        known = json.loads(self.fact(_TOPICS) or "{}")
        return known.keys() == topics.keys() and all(
            not known[name] or not id_ or known[name] == id_ for name, id_ in topics.items()
        )

    def begin_anew(self, topics: Mapping[str, str]) -> None:
        """Empties the index; it is of these topics from now on."""
        with self._write as write:
            write.execute("BEGIN IMMEDIATE")
            for table in EMPTIED:
                write.execute(f"DELETE FROM {table}")
            write.execute("INSERT INTO facts VALUES (?, ?)", (GENERATION, secrets.token_hex(4)))
            write.execute("INSERT INTO facts VALUES (?, ?)", (_TOPICS, json.dumps(dict(topics))))
        with suppress(sqlite3.OperationalError):  # while somebody reads: the file only stays large
            self._write.execute("VACUUM")

    def fact(self, name: str) -> str | None:
        """Gives a fact about the index."""
        found = self._write.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def next_offsets(self) -> dict[tuple[str, int], int]:
        """Gives where to read on, by topic and partition."""
        rows = self._write.execute("SELECT topic, partition, next_offset FROM offsets")
        return {(topic, partition): offset for topic, partition, offset in rows}

    # --- what comes ---

    def begin(self) -> None:
        """Begins a transaction; `commit` ends it."""
        self._write.execute("BEGIN IMMEDIATE")

    def commit(self, next_offsets: Mapping[tuple[str, int], int]) -> None:
        """Keeps what came since `begin`, together with where to read on."""
        rows = [(topic, partition, offset) for (topic, partition), offset in next_offsets.items()]
        self._write.executemany("INSERT OR REPLACE INTO offsets VALUES (?, ?, ?)", rows)
        self._write.commit()

    def rollback(self) -> None:
        """Drops what came since `begin`."""
        self._write.rollback()

    def add_entries(self, entries: Iterable[Entry]) -> None:
        """Adds what was decided."""
        self._write.executemany(_ENTRY, entries)

    def set_standings(self, standings: Mapping[str, Standing | None]) -> None:
        """Sets the newest tier changes, by customer; None: the customer has none any more."""
        self._write.executemany(_STANDING, filter(None, standings.values()))
        gone = [(customer_id,) for customer_id, standing in standings.items() if standing is None]
        self._write.executemany("DELETE FROM current WHERE customer_id = ?", gone)

    def add_letters(self, letters: Iterable[LetterRow]) -> None:
        """Adds dead letters."""
        self._write.executemany(_LETTER, letters)

    def mark_replayed(self, positions: Iterable[tuple[int, int]]) -> None:
        """Marks dead letters as sent again."""
        self._write.executemany("INSERT OR IGNORE INTO replayed VALUES (?, ?)", positions)

    def add_policy(self, digest: str, document: str, written_ms: int) -> None:
        """Adds a policy."""
        self._write.execute("INSERT OR REPLACE INTO policies VALUES (?, ?, ?)", (digest, document, written_ms))

    def put_in_force(self, digest: str, written_ms: int) -> None:
        """Says which policy is in force."""
        self._write.execute("INSERT OR REPLACE INTO in_force VALUES (1, ?, ?)", (digest, written_ms))

    # --- what goes ---

    def forget(self, customer_id: str, last_sequence: int, erasures: Erasures) -> None:
        """Takes out what an erase of the customer has made void. last_sequence: of the last tier change before it."""
        rows = self._write.execute(
            "SELECT number, kind, message FROM entries WHERE customer_id = ?", (customer_id,)
        ).fetchall()
        void = [(number,) for number, kind, text in rows if erasures.void_output(as_record(customer_id, kind, text))]
        self._write.executemany("DELETE FROM entries WHERE number = ?", void)
        self._write.execute("DELETE FROM current WHERE customer_id = ? AND sequence <= ?", (customer_id, last_sequence))
        self._write.execute(
            "UPDATE letters SET detail = ?, key = NULL, told = NULL WHERE key = ? OR told = ?",
            (ERASED, customer_id, customer_id),
        )

    def forget_before(self, topic: int, partition: int, beginning: int) -> int:
        """Takes out the entries that their topic no longer has; gives how many. topic: its number."""
        place = topic, partition, beginning
        where = "topic = ? AND partition = ? AND offset < ?"
        found = self._write.execute(f"SELECT max(number) FROM entries WHERE {where}", place).fetchone()
        if found[0] is None:
            return 0
        with self._write as write:
            write.execute("BEGIN IMMEDIATE")
            gone = write.execute(f"DELETE FROM entries WHERE {where}", place).rowcount
            newest = max(int(self.fact(FORGOTTEN) or 0), int(found[0]))
            write.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (FORGOTTEN, str(newest)))
        return gone

    def forget_letters_before(self, partition: int, beginning: int) -> None:
        """Takes out the dead letters that their topic no longer has."""
        with self._write as write:
            for table in ("letters", "replayed"):
                write.execute(f"DELETE FROM {table} WHERE partition = ? AND offset < ?", (partition, beginning))

    def scrub(self) -> None:
        """Empties the log of what was written, so that nothing of what was deleted is left in a file."""
        self._write.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _make(self) -> None:
        made = self.file.with_name(f"{self.file.name}.new")  # readers never see one without tables
        made.unlink(missing_ok=True)
        made.touch(mode=0o600)
        with closing(sqlite3.connect(made, isolation_level=None)) as write, write:
            write.execute("BEGIN IMMEDIATE")
            for statement in TABLES:
                write.execute(statement)
            write.execute(f"PRAGMA user_version = {VERSION}")
        self._unlink()
        made.rename(self.file)
        self._write = _opened(self.file)

    def _unlink(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)


def _opened(file: Path) -> sqlite3.Connection:
    # Autocommit: transactions are begun in so many words. Used by one thread at a time, not always the same one.
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute(
        "PRAGMA synchronous = NORMAL"
    )  # a crash of the machine loses the newest rows, with their offsets
    connection.execute("PRAGMA secure_delete = ON")  # what an erase takes out is overwritten
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_damaged(error: sqlite3.Error) -> bool:
    """Says whether an error is one of the file itself: no later try would find another."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGED


def _is_ours(file: Path) -> bool:
    """Says whether a file can be read as an index of this version; else it is made anew."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            return _version(connection) == VERSION
    except sqlite3.Error:
        return False
