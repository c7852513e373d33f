"""The rules of trying again and parking, in simulated time: no broker, no network, no waiting."""

from collections.abc import Callable
from itertools import count

from aiokafka import ConsumerRecord, TopicPartition

from streams.deliver.answers import Answer
from streams.deliver.config import Endpoint
from streams.deliver.health import DOWN_AFTER, REFUSED_IN_A_ROW, Health
from streams.deliver.pending import EVENTS_LIMIT, Event, Pending

TP = TopicPartition("tier.changes", 0)
ACCEPTED = Answer("accepted", "status 200")
FAILED = Answer("failed", "status 500")
REFUSED = Answer("refused", "status 422")
BUSY = Answer("busy", "status 429", 5.0)
GONE = Answer("gone", "status 410")


class Simulation:
    """Events of customers a, b, c … and an endpoint whose answers a function gives; every request takes 0.01 s."""

    def __init__(self, **words: object) -> None:
        made = {"name": "x", "url": "https://x", "secret_env": "X", "in_flight": 4, "tries": 3, **words}
        self.endpoint = Endpoint(**made)  # type: ignore[arg-type] - as a test wishes
        self.health = Health(self.endpoint, lambda: 1.0)
        self.pending = Pending(self.endpoint, self.health)
        self.now_s = 0.0
        self.asked: list[str] = []
        self.accepted: list[str] = []
        self.parked: list[str] = []
        self.most_at_once = 0
        self._offsets = count()

    def add(self, *customers: str) -> None:
        for customer in customers:
            offset = next(self._offsets)
            record = ConsumerRecord(TP.topic, 0, offset, 0, 0, customer.encode(), b"{}", 0, 0, 0, ())
            self.pending.add(TP, record, {})
            self.pending.positions.reached(TP, offset + 1)

    def begin(self) -> list[Event]:
        return self.pending.take(self.now_s)

    def settle(self, event: Event, answer: Answer) -> None:
        name = name_of(event)
        self.asked.append(name)
        match self.pending.settle(event, answer, self.now_s):
            case "finished":
                self.accepted.append(name)
            case "park":
                self.parked.append(name)
                self.pending.finish(event)

    def run(self, answer: Callable[[str], Answer], until_s: float = 1e9) -> None:
        """Goes on until nothing more happens by itself, or the time is reached."""
        while self.now_s < until_s:
            events = self.begin()
            self.most_at_once = max(self.most_at_once, len(events))
            if events:
                self.now_s += 0.01
                for event in events:
                    self.settle(event, answer(name_of(event)))
                continue
            at_s = self.pending.next_at_s(self.now_s)
            if at_s is None:
                return
            assert at_s > self.now_s, "waiting must move the time on"
            self.now_s = at_s


def name_of(event: Event) -> str:
    return f"{event.record.key.decode()}{event.record.offset}"


def fails(*names: str, answer: Answer = FAILED) -> Callable[[str], Answer]:
    return lambda name: answer if name in names else ACCEPTED


def test_customers_go_beside_one_another_and_each_in_order() -> None:
    to = Simulation()
    to.add("a", "a", "b", "a", "b")
    first = to.begin()
    assert [name_of(event) for event in first] == ["a0", "b2"]
    assert to.begin() == []
    to.settle(first[0], ACCEPTED)
    assert [name_of(event) for event in to.begin()] == ["a1"]


def test_no_more_requests_at_once_than_the_endpoint_may_get() -> None:
    to = Simulation(in_flight=3)
    to.add(*"abcdefgh")
    to.run(fails())
    assert to.most_at_once == 3
    assert len(to.accepted) == 8


def test_the_position_is_the_lowest_that_is_not_finished() -> None:
    to = Simulation()
    to.add("a", "b", "c")
    first, second, third = to.begin()
    for event, position in ((third, 0), (first, 1), (second, 3)):
        to.settle(event, ACCEPTED)
        assert to.pending.positions.next_offsets() == {TP: position}
    assert to.pending.positions.span == 0


def test_an_event_that_fails_while_others_are_accepted_is_parked_after_its_tries() -> None:
    to = Simulation(tries=3)
    to.add("a", "a", "b")
    to.run(fails("a0"), until_s=0.5)
    assert (to.accepted, to.parked) == (["b2"], [])
    for customer in "cde":
        to.add(customer)
        to.run(fails("a0"), until_s=to.now_s + 10)
    assert to.parked == ["a0"]
    assert to.accepted == ["b2", "c3", "d4", "e5", "a1"][: len(to.accepted)]
    assert "a1" in to.accepted


def test_an_event_that_fails_alone_is_never_parked() -> None:
    to = Simulation(tries=1)
    to.add("a")
    to.run(fails("a0"), until_s=100_000)
    assert to.parked == []
    assert to.health.state == "down"


def test_an_endpoint_that_is_down_gets_one_request_at_a_time_ever_more_rarely_and_parks_nothing() -> None:
    to = Simulation(tries=1, backoff_s=1, backoff_limit_s=60)
    to.add(*"abcdefgh")
    to.run(lambda _: FAILED, until_s=10)
    assert to.health.state == "down"
    asked = len(to.asked)
    to.run(lambda _: FAILED, until_s=3_610)
    assert 55 <= len(to.asked) - asked <= 65  # one a minute
    assert to.parked == []


def test_when_it_is_up_again_all_goes_at_once() -> None:
    to = Simulation(in_flight=4)
    to.add(*"abcdefgh")
    to.run(lambda _: FAILED, until_s=1_000)
    began_s = to.now_s
    to.run(fails())
    assert sorted(name[0] for name in to.accepted) == list("abcdefgh")
    assert to.now_s - began_s < 60 + 1  # one pause at most
    assert to.parked == []


def test_requests_grow_again_from_one_after_an_outage() -> None:
    to = Simulation(in_flight=4)
    to.add(*"abcdefgh")
    to.run(lambda _: FAILED, until_s=100)
    sizes = []
    while to.pending.count:
        events = to.begin()
        if not events:
            to.now_s = to.pending.next_at_s(to.now_s) or to.now_s
            continue
        sizes.append(len(events))
        for event in events:
            to.settle(event, ACCEPTED)
    assert sizes == [1, 2, 4, 1]


def test_a_probe_is_the_event_tried_the_least() -> None:
    to = Simulation()
    to.add(*"abcde")
    to.run(lambda _: FAILED, until_s=1_000)
    to.add("z")
    to.run(lambda name: ACCEPTED if name == "z5" else FAILED, until_s=to.now_s + 61)
    assert to.accepted == ["z5"]


def test_what_is_refused_is_parked_after_three_tries_or_fewer() -> None:
    for tries, expected in ((8, 3), (2, 2)):
        to = Simulation(tries=tries)
        to.add("a", "a")
        to.run(fails("a0", answer=REFUSED))
        assert (to.asked, to.parked) == (["a0"] * expected + ["a1"], ["a0"])


def test_an_endpoint_that_refuses_everything_is_taken_as_down() -> None:
    to = Simulation(tries=1)
    to.add(*(f"c{number}-" for number in range(100)))
    to.run(lambda _: REFUSED, until_s=10_000)
    assert len(to.parked) == REFUSED_IN_A_ROW
    assert to.health.state == "down"
    to.run(fails())
    assert len(to.accepted) == 100 - REFUSED_IN_A_ROW


def test_a_pause_that_is_asked_for_is_kept_and_counts_against_nobody() -> None:
    to = Simulation(tries=1)
    to.add(*"abc")
    [first, *others] = to.begin()
    to.settle(first, BUSY)
    for event in others:
        to.settle(event, ACCEPTED)
    to.add("d")
    assert to.begin() == []
    assert to.pending.next_at_s(to.now_s) == 5.0
    to.run(fails())
    assert (to.now_s > 5.0, len(to.accepted), to.parked) == (True, 4, [])


def test_an_endpoint_that_is_gone_gets_nothing_more() -> None:
    to = Simulation()
    to.add(*"ab")
    first, second = to.begin()
    to.settle(first, GONE)
    to.settle(second, FAILED)
    to.add("c")
    to.now_s = 1e9
    assert (to.begin(), to.pending.next_at_s(to.now_s)) == ([], None)
    assert to.pending.positions.next_offsets() == {TP: 0}


def test_requests_under_way_when_it_went_down_do_not_prolong_the_pause() -> None:
    health = Simulation(backoff_s=1).health
    for _ in range(DOWN_AFTER):
        health.failed(0.0)
    pause_ends_s = health.resumes_at_s
    for _ in range(30):
        health.failed(0.0)
    assert health.resumes_at_s == pause_ends_s == 1.0


def test_memory_is_bounded() -> None:
    to = Simulation()
    to.add(*(str(number) for number in range(EVENTS_LIMIT)))
    assert to.pending.room == 0


def test_one_slow_event_lets_only_so_many_pass_it() -> None:
    to = Simulation(in_flight=2)
    to.add("slow")
    [slow] = to.begin()
    passed = 0
    while to.pending.room:
        to.add("quick")
        for event in to.begin():
            to.settle(event, ACCEPTED)
        passed += 1
    assert passed == 9_999
    to.settle(slow, ACCEPTED)
    assert to.pending.positions.span == 0
