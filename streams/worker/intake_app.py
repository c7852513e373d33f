"""The app of `tierflow intake`: a stage of every source of the mapping, under a consumer group of its own."""

from collections.abc import Mapping

from streams.intake.compile.mapping import CompiledMapping
from streams.kafka.rights import intake
from streams.settings import Settings
from streams.stages.sources import source_stages, topics_of
from streams.worker.lane_app import LaneApp, add_agent


class IntakeApp(LaneApp):
    """The lane app that works by a mapping."""

    role = "intake"

    def __init__(self, settings: Settings, mapping: CompiledMapping, counts: Mapping[str, int]) -> None:
        """Makes it with its stages. counts: how many partitions each topic has."""
        super().__init__(settings, settings.intake_id)
        self.rows = intake(settings, topics_of(mapping))
        for stage in source_stages(settings, mapping):
            self.add_stage(stage, {topic: counts[topic] for topic in stage.topics})
        add_agent(self)
