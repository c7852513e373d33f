"""What the topics, groups and transactional ids of an app are called."""

from dataclasses import dataclass
from typing import Literal

from streams.values.events import TOPICS

TableForm = Literal["off", "connect", "avro"]


@dataclass(frozen=True, kw_only=True)
class AppNames:
    """The names that go by the app id, by the prefixes, and by which topics there are."""

    app_id: str = "tierflow"
    input_prefix: str = "bank."
    output_prefix: str = "tier."
    rates: bool = False
    tables: TableForm = "off"

    def input_topic(self, name: str) -> str:
        """Gives the real name of an input topic, such as "transactions"."""
        return self.input_prefix + name

    def input_topics(self) -> tuple[str, ...]:
        """Gives the real names of the five input topics, by topic number (values/events.py)."""
        return tuple(map(self.input_topic, TOPICS))

    def rates_topics(self) -> tuple[str, ...]:
        """Gives the topic of rates; nothing where TIERFLOW_RATES is off."""
        return (self.input_topic("rates"),) if self.rates else ()

    def output_topic(self, name: str) -> str:
        """Gives the real name of an output topic, such as "changes"."""
        return self.output_prefix + name

    def table_topic(self, name: str) -> str:
        """Gives the real name of the topic that has an output's messages as rows, in the form that is set."""
        return f"{self.output_topic(name)}.{self.tables}"

    @property
    def tables_changelog_topic(self) -> str:
        """The changelog of how far the outputs are written as rows, in the form that is set."""
        return f"{self.app_id}-tables-{self.tables}-changelog"

    @property
    def owner_topic(self) -> str:
        """The topic that says which app id the outputs belong to."""
        return self.output_topic("owner")

    @property
    def changelog_topic(self) -> str:
        """The changelog of the stage of customers. Under another app id it is another topic, without the state."""
        return f"{self.app_id}-customers-changelog"

    @property
    def candidates_topic(self) -> str:
        """The topic of candidates: triggers that wait for their campaign's budget, keyed by campaign."""
        return f"{self.app_id}-candidates"

    @property
    def budgets_changelog_topic(self) -> str:
        """The changelog of the stage of budgets. Under another app id it is another topic: nothing is spent there."""
        return f"{self.app_id}-budgets-changelog"

    @property
    def keys_topic(self) -> str:
        """The topic of the customers' keys. Without it, what is sealed is read by nobody any more."""
        return f"{self.app_id}-keys"

    @property
    def intake_id(self) -> str:
        """The consumer group of `tierflow intake`; its transactional ids and changelogs begin so, too."""
        return f"{self.app_id}-intake"

    def intake_changelog(self, source: str) -> str:
        """Gives the changelog of a source, by its name in the mapping."""
        return f"{self.intake_id}-{source}-changelog"

    def way_in(self, name: str) -> str:
        """Gives the real name of a topic that records of sources become, by its name in values/events.py."""
        return self.by_account_topic if name == "by-account" else self.input_topic(name)

    @property
    def by_account_topic(self) -> str:
        """The topic of bookings and account records, keyed by account."""
        return f"{self.app_id}-by-account"

    @property
    def accounts_changelog_topic(self) -> str:
        """The changelog of whose an account is, and of what waits for its account."""
        return f"{self.app_id}-accounts-changelog"

    @property
    def account_records_changelog(self) -> str:
        """The changelog of how far account records have been passed on."""
        return f"{self.app_id}-account-records-changelog"

    @property
    def transactional_ids(self) -> str:
        """The beginning of the transactional ids of workers; all others of this app id begin so, too."""
        return f"{self.app_id}-"

    @property
    def replay_id(self) -> str:
        """The transactional id of whoever sends dead letters again."""
        return f"{self.transactional_ids}dead-letters"

    @property
    def resend_id(self) -> str:
        """The transactional id of whoever sends parked events again."""
        return f"{self.transactional_ids}deliver-resend"

    @property
    def deliver_groups(self) -> str:
        """The beginning of the consumer groups of `tierflow deliver`; the name of the endpoint follows."""
        return f"{self.app_id}-deliver-"

    @property
    def parked_topic(self) -> str:
        """The topic of events that `tierflow deliver` has parked (docs/deliver.md#parked-events)."""
        return f"{self.app_id}-deliver-parked"

    @property
    def resend_topic(self) -> str:
        """The topic of parked events that are to be delivered once more."""
        return f"{self.app_id}-deliver-resend"
