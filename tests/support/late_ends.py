"""The attack on transactions: an EndTxn that was lost reaches the broker after all, in a later transaction."""

import asyncio
from collections.abc import Callable, Collection

from tests.support.kafka_proxy import Request, Watch
from tests.support.patience import stretched

SEEN_WITHIN_S = 20.0


class LateEnd:
    """Keeps back one EndTxn of a transactional id; passes it on in a later transaction, before a certain request.

    held: says of a request that it is the one to keep back, where that is not the next EndTxn.
    moment: says of a request of the later transaction, and of how many Produce came before, whether this is the moment.
    after: a topic to which the later transaction must have written before. watch: for the proxies.
    """

    def __init__(
        self,
        transactional_id: str,
        moment: Callable[[Request, int], bool],
        after: str | None = None,
        held: Callable[[Request], bool] = lambda request: request.name == "EndTxn",
    ) -> None:
        self.transactional_id = transactional_id
        self.armed = True
        self.error_code: int | None = None  # the broker's answer to the late one
        self.arrived = asyncio.Event()
        self.watch = Watch(hold=self._holds, before=self._before, after=self._after)
        self._moment = moment
        self._after_topic = after
        self._is_held = held
        self._written = asyncio.Event()
        self._in_later = False
        self._produced = 0

    def _holds(self, request: Request) -> bool:
        return self.armed and request.transactional_id == self.transactional_id and self._is_held(request)

    def _is_of_later(self, request: Request) -> bool:
        if self.watch.held is None or request.transactional_id != self.transactional_id:
            return False
        self._in_later |= request.name == "AddPartitionsToTxn"
        return self._in_later

    async def _before(self, request: Request) -> None:
        if not self._is_of_later(request) or self.error_code is not None:
            return
        if self._moment(request, self._produced) and not self.arrived.is_set():
            self.arrived.set()
            if self._after_topic is not None:
                async with asyncio.timeout(stretched(SEEN_WITHIN_S)):
                    await self._written.wait()
            assert self.watch.held is not None
            self.error_code = await self.watch.held.release()
        self._produced += request.name == "Produce"

    async def _after(self, request: Request) -> None:
        if self._is_of_later(request) and self._after_topic in request.topics:
            self._written.set()


def second_produce(request: Request, produced: int) -> bool:
    return request.name == "Produce" and produced == 1


def produce_to(topics: Collection[str]) -> Callable[[Request, int], bool]:
    return lambda request, _: not request.topics.isdisjoint(topics)
