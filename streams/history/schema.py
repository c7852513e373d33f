"""The form of the index, as SQL. Another form is another VERSION: then the index is made anew from the topics."""

from typing import Final

VERSION: Final = 1
"""Raised with every change of what stands here, or of what rows.py makes of a record."""

TABLES: Final = (
    # What was decided of customers, by time. `word`: the direction of a tier change, the group of a trigger, the
    # outcome of a loan decision, the reason of an alert. `number` counts in the order of arrival and is never used
    # again: streams go on by it. `topic` is a number, since an index of names would be large.
    """
    CREATE TABLE entries (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        topic INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
        customer_id TEXT NOT NULL, kind TEXT NOT NULL, at_ms INTEGER NOT NULL,
        tier TEXT NOT NULL, previous_tier TEXT, word TEXT, campaign TEXT, message BLOB NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX entries_by_place ON entries (topic, partition, offset)",
    "CREATE INDEX entries_by_customer ON entries (customer_id, at_ms, topic, partition, offset)",
    "CREATE INDEX entries_by_kind ON entries (kind, at_ms, topic, partition, offset)",
    "CREATE INDEX entries_by_word ON entries (kind, word, at_ms, topic, partition, offset)",
    "CREATE INDEX entries_counted ON entries (kind, at_ms, word, previous_tier, tier)",
    "CREATE INDEX entries_by_campaign ON entries (campaign, word, at_ms) WHERE campaign IS NOT NULL",
    # The newest tier change of each customer, as tier.current has it.
    """
    CREATE TABLE current (
        customer_id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, tier TEXT NOT NULL, earned_tier TEXT NOT NULL,
        since TEXT NOT NULL, value TEXT, currency TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX current_by_tier ON current (tier, customer_id)",
    # Dead letters without their bytes, and which of them were sent again. key, told: whom each is about, by the key and
    # by the value of its input; nobody is told, an erase goes by them.
    """
    CREATE TABLE letters (
        partition INTEGER NOT NULL, offset INTEGER NOT NULL, written_ms INTEGER NOT NULL, at TEXT NOT NULL,
        topic TEXT NOT NULL, input_partition INTEGER NOT NULL, input_offset INTEGER NOT NULL,
        reason TEXT NOT NULL, detail TEXT NOT NULL, key TEXT, told TEXT, PRIMARY KEY (partition, offset)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX letters_by_key ON letters (key)",
    "CREATE INDEX letters_by_told ON letters (told)",
    "CREATE INDEX letters_by_time ON letters (written_ms, partition, offset)",
    "CREATE INDEX letters_by_reason ON letters (reason, written_ms, partition, offset)",
    "CREATE TABLE replayed (partition INTEGER, offset INTEGER, PRIMARY KEY (partition, offset)) WITHOUT ROWID",
    # Policies by digest; written_ms: when they were published, or put in force.
    "CREATE TABLE policies (digest TEXT PRIMARY KEY, document TEXT NOT NULL, written_ms INTEGER NOT NULL)",
    "CREATE TABLE in_force (one INTEGER PRIMARY KEY CHECK (one = 1), digest TEXT NOT NULL, written_ms INTEGER)",
    # Where to read on, by topic and partition, and facts about the index itself.
    """
    CREATE TABLE offsets (
        topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL, PRIMARY KEY (topic, partition)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)
EMPTIED: Final = ("entries", "current", "letters", "replayed", "policies", "in_force", "offsets", "facts")
