"""How long topics keep their records, where that is less than tierflow made them with: said, and left as it is."""

from collections import defaultdict
from collections.abc import Mapping

from streams.kafka.admin import Admin, configs_of
from streams.kafka.topic_specs import DAY_MS, FOREVER_MS, HOUR_MS, topic_specs
from streams.settings import Settings

_TIME, _SIZE = "retention.ms", "retention.bytes"


async def retention_notes(settings: Settings) -> list[str]:
    """Gives a sentence for each retention that is not for ever, of inputs first. The topics must be there.

    Raises:
        UsageError: Kafka does not answer.
    """
    kept = [spec.name for spec in topic_specs(settings) if _TIME in spec.config]
    found: dict[str, list[str]] = defaultdict(list)
    async with Admin(settings) as admin:
        configs = await configs_of(admin, kept, _TIME, _SIZE)
    for topic, config in configs.items():
        how_long = _how_long(config)
        if how_long is not None:
            found[how_long].append(topic)
    notes = [_note(settings, topics, how_long) for how_long, topics in found.items()]
    kept_ms, kept_bytes = ({topic: int(config[name]) for topic, config in configs.items()} for name in (_TIME, _SIZE))
    return notes + outlived(settings, kept_ms, kept_bytes)


def outlived(settings: Settings, kept_ms: Mapping[str, int], kept_bytes: Mapping[str, int]) -> list[str]:
    """Gives a sentence for each topic that says who was erased and may go before what it is about (docs/privacy.md).

    kept_ms, kept_bytes: the retention by topic. One by size says nothing of when a record goes.
    """
    customers, erasures = settings.input_topic("customers"), settings.output_topic("erasures")
    sent_again = [settings.output_topic(name) for name in ("changes", "campaigns", "risk", "dead-letters")]
    about = {
        customers: (settings.input_topics(), "who starts anew from the inputs"),
        erasures: (
            [*sent_again, settings.parked_topic, settings.resend_topic],
            "dead-letters replay, deliver and deliver resend",
        ),
    }
    notes = []
    for topic, (others, who) in about.items():
        longer = [other for other in others if _is_longer(kept_ms[other], kept_ms[topic])]
        if longer:
            notes.append(
                f"{topic} is kept for less long than {', '.join(longer)}: {who} may bring erased customers back"
            )
        if kept_bytes[topic] >= 0:
            notes.append(
                f"{topic} must not be bounded by size: {who} may bring erased customers back; write {_SIZE}=-1"
            )
    return notes


def _is_longer(ms: int, than_ms: int) -> bool:
    return than_ms != FOREVER_MS and (ms == FOREVER_MS or ms > than_ms)


def _note(settings: Settings, topics: list[str], how_long: str) -> str:
    note = f"{', '.join(topics)}: records are kept {how_long}, not for ever: the audit reaches back no further"
    if set(topics) & set(settings.input_topics()):
        note += ", and a worker that is away for longer cannot go on"
    return note


def _how_long(config: Mapping[str, str]) -> str | None:
    time_ms, size = int(config[_TIME]), int(config[_SIZE])
    said = []
    if time_ms != FOREVER_MS:
        said.append(f"for {_duration(time_ms)} ({_TIME}={time_ms})")
    if size >= 0:
        said.append(f"up to {size:,} bytes a partition ({_SIZE}={size})")
    return " and ".join(said) or None


def _duration(time_ms: int) -> str:
    for unit_ms, noun in ((DAY_MS, "days"), (HOUR_MS, "hours")):
        if time_ms >= 2 * unit_ms:
            return f"{time_ms // unit_ms} {noun}"
    return f"{time_ms // 1000} seconds"
