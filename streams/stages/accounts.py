"""The stages of accounts: what `bank.accounts` says joins the bookings of its account, and these go to the owners.

    bank.accounts -> accounts.records -+
    sources without a customer --------+-> {app id}-by-account -> accounts.owners -> bank.balances, bank.transactions

So account records and bookings have one order, that of one topic: the audit works it again.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from streams.contracts.kept import LaneRecord
from streams.partition.account_records import NAME as RECORDS
from streams.partition.account_records import AccountRecords
from streams.partition.accounts import NAME as OWNERS
from streams.partition.accounts import Accounts
from streams.partition.accounts_setup import AccountsSetup
from streams.partition.source_records import Origin
from streams.partition.work import BY_ACCOUNT, SOURCE_DEAD_LETTERS
from streams.settings import Settings
from streams.stages.placing import Owns, place_of_campaigns, place_of_customers
from streams.stages.stage import Output, Stage

_RULES = 1
"""Raised with every change of what comes of the same records: outputs bear it, so that the audit tells them apart."""
_MARK_SIGNS = 16


def account_stages(settings: Settings, counts: Mapping[str, int]) -> Sequence[Stage]:
    """Makes both stages. counts: how many partitions each topic has."""
    return (records_stage(settings), owners_stage(settings, counts[settings.by_account_topic]))


def mark_of_accounts(settings: Settings) -> bytes:
    """Gives the mark of the rules and settings by which the stages work."""
    rules = f"accounts {_RULES} {settings.account_wait_ms} {settings.account_wait_records}"
    return sha256(rules.encode()).hexdigest()[:_MARK_SIGNS].encode()


def records_stage(settings: Settings) -> Stage:
    """Makes the stage that passes account records on, as they are, to where the bookings of their account are."""
    topic = settings.input_topic("accounts")

    def open_partition(number: int, packed: dict[bytes, bytes], lane: LaneRecord) -> AccountRecords:
        origin = Origin(RECORDS, mark_of_accounts(settings), topic, number, settings.letter_bytes)
        return AccountRecords(origin, packed, lane)

    return Stage(
        name=RECORDS,
        title=RECORDS,
        group=settings.intake_id,
        ids_prefix=f"{settings.intake_id}-.account-records-",
        inputs=(topic,),
        outputs={
            SOURCE_DEAD_LETTERS: Output(settings.output_topic(SOURCE_DEAD_LETTERS), place_of_campaigns()),
            BY_ACCOUNT: Output(settings.by_account_topic, place_of_customers(settings)),
        },
        changelog=settings.account_records_changelog,
        open=open_partition,
        elastic=True,
        witnesses=(SOURCE_DEAD_LETTERS, BY_ACCOUNT),
    )


def owners_stage(settings: Settings, partitions: int) -> Stage:
    """Makes the stage of whose an account is. partitions: how many its input has; states belong to that number."""
    topic = settings.by_account_topic

    def open_partition(number: int, packed: dict[bytes, bytes], lane: LaneRecord) -> Accounts:
        setup = AccountsSetup(
            topic,
            number,
            Owns(number, partitions, settings),
            mark_of_accounts(settings),
            settings.account_wait_ms,
            settings.account_wait_records,
            settings.letter_bytes,
        )
        return Accounts(setup, packed, lane)

    inputs = {name: Output(settings.input_topic(name), place_of_customers(settings)) for name in _TOLD}
    return Stage(
        name=OWNERS,
        title=OWNERS,
        group=settings.intake_id,
        ids_prefix=f"{settings.intake_id}-.account-owners-",
        inputs=(topic,),
        outputs={
            SOURCE_DEAD_LETTERS: Output(settings.output_topic(SOURCE_DEAD_LETTERS), place_of_campaigns()),
            BY_ACCOUNT: Output(topic),
            **inputs,
        },
        changelog=settings.accounts_changelog_topic,
        open=open_partition,
        elastic=True,
        witnesses=(SOURCE_DEAD_LETTERS, *_TOLD),
    )


_TOLD = ("balances", "transactions")
