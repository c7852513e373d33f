"""The reading side of the index: questions, asked in threads of their own, so that the event loop never waits."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeVar

from streams.history.index import FORGOTTEN, GENERATION, is_damaged
from streams.history.rows import Standing

THREADS: Final = 4
_Given = TypeVar("_Given")


class Place(NamedTuple):
    """Where an entry stands among others, by time: a page goes on after one."""

    at_ms: int
    topic: int
    partition: int
    offset: int


class Found(NamedTuple):
    """An entry as it was found."""

    place: Place
    kind: str
    message: bytes


class Streamed(NamedTuple):
    """An entry in the order of arrival."""

    number: int
    kind: str
    customer_id: str
    tier: str
    message: bytes


class LetterFound(NamedTuple):
    """A dead letter, without its bytes."""

    partition: int
    offset: int
    written_ms: int
    at: str
    topic: str
    input_partition: int
    input_offset: int
    reason: str
    detail: str


class CampaignCount(NamedTuple):
    """How many triggers a campaign has had, in all, by group, and when the newest was."""

    campaign: str
    treated: int
    held_out: int
    newest_ms: int | None


class PolicyFound(NamedTuple):
    """A policy that was published. written_ms: when."""

    digest: str
    document: str
    written_ms: int


_PLACE = "at_ms, topic, partition, offset"
_LETTER = ", ".join(f"l.{name}" for name in LetterFound._fields)
_NOT_REPLAYED = "NOT EXISTS (SELECT 1 FROM replayed r WHERE r.partition = l.partition AND r.offset = l.offset)"


class UnusableIndexError(Exception):
    """The index is damaged, or being made anew: there are answers later."""


class Queries:
    """Questions to the index of one file. Each sees one state of it, and waits for no writer.

    Any of them raises UnusableIndexError.
    """

    def __init__(self, file: Path, on_unusable: Callable[[], None] = lambda: None) -> None:
        """on_unusable: called in the event loop when the file cannot be read: somebody has to make it anew."""
        self._file = file
        self._on_unusable = on_unusable
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="history-reader")
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []

    def close(self) -> None:
        """Ends the threads and closes the file."""
        self._threads.shutdown()
        for connection in self._opened:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- of one customer, or of one kind ---

    async def of_customer(self, customer_id: str, limit: int, after: Place | None) -> list[Found]:
        """Gives what was decided of a customer, the newest first. after: what is older than this."""
        return await self._ask(_entries, "customer_id = ?", (customer_id,), limit, after)

    async def of_kind(self, kind: str, word: str | None, limit: int, after: Place | None) -> list[Found]:
        """Gives entries of a kind, and with this word if one is given, the newest first."""
        if word is None:
            return await self._ask(_entries, "kind = ?", (kind,), limit, after)
        return await self._ask(_entries, "kind = ? AND word = ?", (kind, word), limit, after)

    async def newest_downgrade(self, customer_id: str) -> bytes | None:
        """Gives the newest tier change of a customer that was a downgrade."""
        text = (
            "SELECT message FROM entries WHERE customer_id = ? AND kind = 'tier' AND word = 'downgrade' "
            f"ORDER BY {_descending(_PLACE)} LIMIT 1"
        )
        rows = await self._rows(text, (customer_id,))
        return rows[0][0] if rows else None

    async def standings(self, tier: str, limit: int, after: str) -> list[Standing]:
        """Gives customers of a tier by their ids. after: what comes after this id."""
        text = (
            f"SELECT {', '.join(Standing._fields)} FROM current WHERE tier = ? AND customer_id > ? "
            "ORDER BY customer_id LIMIT ?"
        )
        return [Standing(*row) for row in await self._rows(text, (tier, after, limit))]

    async def partition_of(self, customer_id: str) -> int | None:
        """Gives the partition in which a customer with a tier was decided of last; None where there is none."""
        text = (
            "SELECT e.partition FROM current c JOIN entries e USING (customer_id) WHERE c.customer_id = ? "
            "ORDER BY e.at_ms DESC, e.topic DESC LIMIT 1"
        )
        rows = await self._rows(text, (customer_id,))
        return int(rows[0][0]) if rows else None

    # --- counts ---

    async def customers_by_tier(self) -> dict[str, int]:
        """Counts customers by tier."""
        return dict(await self._rows("SELECT tier, count(*) FROM current GROUP BY tier", ()))

    async def flows(self, from_ms: int, to_ms: int) -> list[tuple[str | None, str, str, int]]:
        """Counts tier changes of a time: previous tier, tier, direction, how many."""
        text = (
            "SELECT previous_tier, tier, word, count(*) FROM entries INDEXED BY entries_counted "
            "WHERE kind = 'tier' AND at_ms >= ? AND at_ms < ? GROUP BY previous_tier, tier, word"
        )
        return [(row[0], row[1], row[2], row[3]) for row in await self._rows(text, (from_ms, to_ms))]

    async def rates(self, from_ms: int, to_ms: int, step_ms: int) -> list[tuple[int, str, str | None, int]]:
        """Counts entries by step of time: the beginning of the step, kind, word, how many."""
        text = (
            "SELECT at_ms / ?1 * ?1, kind, word, count(*) FROM entries INDEXED BY entries_counted "
            "WHERE kind IN ('tier', 'campaign', 'loan', 'alert') AND at_ms >= ?2 AND at_ms < ?3 GROUP BY 1, 2, 3"
        )
        return [(row[0], row[1], row[2], row[3]) for row in await self._rows(text, (step_ms, from_ms, to_ms))]

    async def campaigns(self) -> list[CampaignCount]:
        """Counts triggers by campaign."""
        text = (
            "SELECT campaign, sum(n) FILTER (WHERE word = 'treated'), sum(n) FILTER (WHERE word <> 'treated'), max(at) "
            "FROM (SELECT campaign, word, count(*) AS n, max(at_ms) AS at FROM entries WHERE campaign IS NOT NULL "
            "GROUP BY campaign, word) GROUP BY campaign"
        )
        return [CampaignCount(row[0], row[1] or 0, row[2] or 0, row[3]) for row in await self._rows(text, ())]

    async def treated_since(self, campaign: str, since_ms: int) -> int:
        """Counts a campaign's triggers for customers who are not held out, from an instant on."""
        text = "SELECT count(*) FROM entries WHERE campaign = ? AND word = 'treated' AND at_ms >= ?"
        return int((await self._rows(text, (campaign, since_ms)))[0][0])

    async def newest_ms(self) -> int | None:
        """Gives the newest time of any entry; None where there is none."""
        text = (
            "SELECT max(at) FROM (SELECT max(at_ms) AS at FROM entries WHERE kind = ?1 "
            "UNION ALL SELECT max(at_ms) FROM entries WHERE kind = ?2)"
        )
        rows = await self._rows(text, ("tier", "campaign"))
        return None if rows[0][0] is None else int(rows[0][0])

    # --- dead letters, policies ---

    async def letters(
        self, reason: str | None, limit: int, after: tuple[int, int, int] | None
    ) -> tuple[list[LetterFound], dict[str, int]]:
        """Gives dead letters that were not sent again, the newest first, and counts all of them by reason.

        after: what is older than this: written_ms, partition, offset.
        """
        where, given = [_NOT_REPLAYED], list[object]()
        if reason is not None:
            where.append("reason = ?")
            given.append(reason)
        if after is not None:
            where.append("(written_ms, l.partition, l.offset) < (?, ?, ?)")
            given += after
        order = "written_ms DESC, l.partition DESC, l.offset DESC"
        text = f"SELECT {_LETTER} FROM letters l WHERE {' AND '.join(where)} ORDER BY {order} LIMIT ?"
        counts = f"SELECT reason, count(*) FROM letters l WHERE {_NOT_REPLAYED} GROUP BY reason"
        rows = await self._rows(text, (*given, limit))
        return [LetterFound(*row) for row in rows], dict(await self._rows(counts, ()))

    async def policies(self) -> tuple[list[PolicyFound], tuple[str, int] | None]:
        """Gives all policies, the newest last, and digest and time of the one in force."""
        found = await self._rows("SELECT digest, document, written_ms FROM policies ORDER BY written_ms, digest", ())
        in_force = await self._rows("SELECT digest, written_ms FROM in_force", ())
        return [PolicyFound(*row) for row in found], (in_force[0][0], in_force[0][1]) if in_force else None

    # --- in the order of arrival ---

    async def generation(self) -> str:
        """Gives the name of this making of the index."""
        return await self._ask(_fact, GENERATION) or ""

    async def newest_number(self) -> int:
        """Gives the number of the newest entry that ever came; 0 where none has."""
        rows = await self._rows("SELECT seq FROM sqlite_sequence WHERE name = 'entries'", ())
        return int(rows[0][0]) if rows else 0

    async def forgotten_to(self) -> int:
        """Gives the number up to which entries may be gone since their topics no longer have them."""
        return int(await self._ask(_fact, FORGOTTEN) or 0)

    async def since(self, number: int, limit: int) -> list[Streamed]:
        """Gives the entries after a number, the oldest first."""
        text = "SELECT number, kind, customer_id, tier, message FROM entries WHERE number > ? ORDER BY number LIMIT ?"
        return [Streamed(*row) for row in await self._rows(text, (number, limit))]

    # --- how ---

    async def _rows(self, text: str, given: Sequence[object]) -> list[tuple[Any, ...]]:
        return await self._ask(_fetched, text, given)

    async def _ask(self, what: Callable[..., _Given], *given: object) -> _Given:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._with_connection, what, given)
        except FileNotFoundError as error:
            self._on_unusable()
            raise UnusableIndexError from error
        except sqlite3.DatabaseError as error:
            if is_damaged(error):
                self._on_unusable()
            elif not _cannot_be_opened(error):
                raise
            raise UnusableIndexError from error

    def _with_connection(self, what: Callable[..., _Given], given: Sequence[object]) -> _Given:
        file = self._file.stat().st_ino  # another one, once it was made anew
        if getattr(self._local, "file", None) != file:
            self._local.connection = self._connected()
            self._local.file = file
        return what(self._local.connection, *given)

    def _connected(self) -> sqlite3.Connection:
        # rw: a file that is not there is not to be made here.
        where = f"{self._file.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
        connection.execute("PRAGMA query_only = ON")
        self._opened.append(connection)
        return connection


def _cannot_be_opened(error: sqlite3.Error) -> bool:
    """Says whether the file could not be opened: it is just being made anew, or there are no descriptors left.

    A file that stays away is noticed by the next question, which looks for it first.
    """
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CANTOPEN


def _fetched(connection: sqlite3.Connection, text: str, given: Sequence[object]) -> list[tuple[Any, ...]]:
    return connection.execute(text, given).fetchall()


def _entries(
    connection: sqlite3.Connection, where: str, given: Sequence[object], limit: int, after: Place | None
) -> list[Found]:
    older = f" AND ({_PLACE}) < (?, ?, ?, ?)" if after is not None else ""
    text = f"SELECT {_PLACE}, kind, message FROM entries WHERE {where}{older} ORDER BY {_descending(_PLACE)} LIMIT ?"
    rows = connection.execute(text, (*given, *(after or ()), limit))
    return [Found(Place(*row[:4]), row[4], row[5]) for row in rows]


def _fact(connection: sqlite3.Connection, name: str) -> str | None:
    found = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])


def _descending(columns: str) -> str:
    return ", ".join(f"{column} DESC" for column in columns.split(", "))
