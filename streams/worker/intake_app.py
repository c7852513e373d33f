"""The app of `tierflow intake`: the stages of its sources and those of accounts, under a consumer group of its own."""

from collections.abc import Iterator, Mapping

from streams.contracts.kept import ANY_NUMBER, KnownTopic, LaneRecord
from streams.errors import TryAgainError
from streams.intake.compile.mapping import CompiledMapping
from streams.kafka.rights.programs import intake
from streams.kafka.topic_ids import ask_for_topics
from streams.settings import Settings
from streams.stages.accounts import account_stages
from streams.stages.sources import source_stages, topics_of
from streams.values.calendar import NEVER_MS
from streams.worker.lane_app import LaneApp, add_agent, fail
from streams.worker.topics_watch import Watched, end_when_changed


class IntakeApp(LaneApp):
    """The lane app that works by a mapping."""

    role = "intake"

    def __init__(self, settings: Settings, mapping: CompiledMapping, counts: Mapping[str, int]) -> None:
        """Makes it with its stages. counts: how many partitions each topic has."""
        super().__init__(settings, settings.intake_id)
        self.rows = intake(settings, topics_of(mapping))
        accounts = account_stages(settings, counts) if settings.accounts else ()
        for stage in (*source_stages(settings, mapping), *accounts):
            self.add_stage(stage, {topic: counts[topic] for topic in stage.topics})
        self._first: Mapping[str, KnownTopic] = {}  # the topics as they were when this process took over first
        self.watches.append(("the watch over the numbers of partitions", self._watch_counts))
        add_agent(self)

    async def before_lanes(self) -> None:
        """Learns which topics it works with."""
        if not self._first:
            self._first = await ask_for_topics(self.settings.client_options(), self.counts)

    def watched(self) -> Iterator[Watched]:
        """Gives what the topics must be, also of a source whose partitions are gone: no lane knows it any more."""
        yield from super().watched()
        for stage in self.stages.values():
            known = {topic: known for topic, known in self._first.items() if topic in stage.topics}
            there = dict.fromkeys(known, KnownTopic("", ANY_NUMBER))
            yield Watched(LaneRecord((), 0, NEVER_MS, topics={**there, **stage.noted(known)}), stage.topics)

    async def _watch_counts(self) -> None:
        """Ends the process when a topic has more partitions: the next one reads them all, and knows where keys go."""
        await end_when_changed(self.grown, lambda: self.should_stop, lambda error: fail(TryAgainError(str(error))))

    async def grown(self) -> str | None:
        """Says which topic has more partitions than at this process's start; None if none has."""
        now = await ask_for_topics(self.settings.client_options(), self.counts)
        for topic, known in now.items():
            if known.partitions != self.counts[topic]:
                return (
                    f"the topic {topic} has {known.partitions} partitions, it had {self.counts[topic]} at this "
                    "process's start; started again, intake goes on with all of them"
                )
        return None
