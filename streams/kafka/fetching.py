"""Whether a consumer still fetches.

aiokafka 0.14.0 fetches in a task of its own. If that ends by an error nobody hears of it: its consumer stays a member
of its group, and every fetch of it is empty from then on (tests/kafka/test_fetching.py).
"""

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError


class FetchingEndedError(KafkaError):  # type: ignore[misc]
    """The error of a consumer of which nothing can come any more; its cause is what its task has ended by."""


def check_fetching(consumer: AIOKafkaConsumer) -> None:
    """Checks that something can still come of a consumer; one that was stopped is left alone.

    Raises:
        FetchingEndedError: Its task that fetches has ended.
    """
    if consumer._closed:  # noqa: SLF001 - aiokafka tells nobody
        return
    task = consumer._fetcher._fetch_task  # noqa: SLF001 - as above
    if task.done():
        error = None if task.cancelled() else task.exception()
        raise FetchingEndedError(f"aiokafka's task that fetches has ended: {error!r}") from error
