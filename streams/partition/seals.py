"""Seals what a batch of customers writes, and opens their states: the keys of one partition's customers.

    Work in the clear -> sealing -> Work as it is committed -> keep

In memory all stays in the clear. A customer's key is made with what is sealed first, and written in that transaction;
an erase deletes it in its own. Who begins anew has another key (docs/adr/0011-erasing-by-keys.md).
"""

from collections.abc import Iterator, Mapping
from itertools import islice

from streams.contracts.packing import unpack_state
from streams.contracts.sealed import (
    CONTEXTS,
    STATE,
    customer_of_candidate,
    sealed_candidate,
    sealed_message,
    sealed_of,
)
from streams.engine.measures.erased import is_numbers_alone
from streams.partition.partition import STEP
from streams.partition.work import CAMPAIGNS, CANDIDATES, CHANGES, CURRENT, ERASURES, KEYS, RISK, Message, Work
from streams.sealing.cipher import SEALED, Cipher, OtherKeyError, SealError
from streams.sealing.keys import MasterKeys, RandomBytes, new_key

WRAPPED_AT_ONCE = 1_000
_LOOKED_AT = frozenset({CHANGES, CURRENT, CAMPAIGNS, RISK, CANDIDATES, ERASURES})
_Told = tuple[str, Message]


class Seals:
    """The keys of a partition's customers, and the batch that is being sealed."""

    def __init__(self, master: MasterKeys, wrapped: Mapping[bytes, bytes], random_bytes: RandomBytes) -> None:
        """Takes keys up. wrapped: by customer, as the topic of keys has them. To be opened before all else."""
        self._master = master
        self._wrapped = wrapped
        self._random_bytes = random_bytes
        self._keys: dict[bytes, bytes] = {}
        self._formerly: set[bytes] = set()  # customers whose keys another master key wrapped than the first
        self._sealed: Work | None = None
        self._begin()

    def opening(self, packed: dict[bytes, bytes]) -> Iterator[int]:
        """Opens states in their place, a step at a time. Those in the clear stay: of before, or of whom was erased.

        Raises:
            SealError: A key or a state cannot be used.
        """
        for number, (customer, wrapped) in enumerate(self._wrapped.items(), 1):
            self._keys[customer] = self._master.unwrap(customer, wrapped)
            if not self._master.is_by_first(wrapped):
                self._formerly.add(customer)
            if not number % STEP:
                yield number
        self._wrapped = {}
        for number, (customer, state) in enumerate(packed.items(), 1):
            if state[:1] == SEALED:
                packed[customer] = self._opened(customer, state)
            if not number % STEP:
                yield number

    def sealing(self, work: Work) -> Iterator[int]:
        """Seals a batch, a step at a time; `sealed` is then what its transaction writes."""
        self._begin()
        messages = list[_Told]()
        for output, message in work.messages:
            messages.append((output, self._message(output, message)))
            if not len(messages) % STEP:
                yield len(messages)
        states = dict[bytes, bytes]()
        for customer, state in work.states.items():
            states[customer] = self._state(customer, state)
            if not len(states) % STEP:
                yield len(states)
        self._wrap_anew()
        self._sealed = Work(states, self._told + messages, work.lane, work.tally)

    @property
    def sealed(self) -> Work:
        """The batch as its transaction writes it, once `sealing` is through."""
        if self._sealed is None:
            raise SealError("a batch is to be committed before it was sealed")
        return self._sealed

    @property
    def left(self) -> int:
        """Counts the keys that are to be wrapped anew: a part of them is with each batch."""
        return len(self._formerly)

    def read(self, value: bytes) -> bytes:
        """Gives a risk message in the clear; as it is where its key is not known."""
        found = sealed_of(value)
        key = None if found is None else self._keys.get(found.customer_id.encode())
        if found is None or key is None:
            return value
        try:
            return Cipher(key).unseal(CONTEXTS[RISK], found.sealed)
        except OtherKeyError:
            return value

    def keep(self) -> None:
        """Keeps the keys of a committed batch."""
        self._formerly.difference_update(self._changed, self._anew)
        for customer, key in self._changed.items():
            if key is None:
                self._keys.pop(customer, None)
            else:
                self._keys[customer] = key
        self._begin()

    # --- inside ---

    def _begin(self) -> None:
        self._sealed = None
        self._changed: dict[bytes, bytes | None] = {}  # keys of this batch; None: deleted
        self._anew: list[bytes] = []  # customers whose keys this batch wraps anew
        self._told: list[_Told] = []
        self._ciphers: dict[bytes, Cipher] = {}
        self._newest: dict[bytes, tuple[Message, Message]] = {}  # tier changes by customer, in the clear and sealed

    def _opened(self, customer: bytes, state: bytes) -> bytes:
        key = self._keys.get(customer)
        if key is None:
            raise SealError("a state is sealed, and its customer has no key")
        return Cipher(key).unseal(STATE, state)

    def _message(self, output: str, message: Message) -> Message:
        key, value, headers = message
        if value is None or output not in _LOOKED_AT:
            return message
        if output == CANDIDATES:
            cipher = self._cipher(customer_of_candidate(value))
            return Message(key, sealed_candidate(value, cipher), headers)
        customer = key or b""
        if output == ERASURES:
            self._forget(customer)
            return message
        if output == CURRENT and customer in self._newest:
            change, sealed = self._newest[customer]
            if change is message:  # what tier.changes got
                return sealed
        sealed = Message(key, sealed_message(value, self._cipher(customer), output), headers)
        if output == CHANGES:
            self._newest[customer] = message, sealed
        return sealed

    def _state(self, customer: bytes, state: bytes) -> bytes:
        if self._is_deleted(customer) and is_numbers_alone(unpack_state(state)):
            return state
        return self._cipher(customer).seal(STATE, state)

    def _cipher(self, customer: bytes) -> Cipher:
        cipher = self._ciphers.get(customer)
        if cipher is None:
            key = None if self._is_deleted(customer) else self._changed.get(customer, self._keys.get(customer))
            if key is None:
                key = self._changed[customer] = new_key(self._random_bytes)
                self._told.append((KEYS, Message(customer, self._master.wrap(customer, key), [])))
            cipher = self._ciphers[customer] = Cipher(key)
        return cipher

    def _wrap_anew(self) -> None:
        """Wraps keys by the first master key that another one has wrapped; none of those that this batch changes."""
        for customer in islice(self._formerly, WRAPPED_AT_ONCE):
            if customer not in self._changed:
                self._anew.append(customer)
                self._told.append((KEYS, Message(customer, self._master.wrap(customer, self._keys[customer]), [])))

    def _forget(self, customer: bytes) -> None:
        """Deletes the key of a customer who is erased. What was sealed in this batch before that is erased with it."""
        self._changed[customer] = None
        self._ciphers.pop(customer, None)
        self._told.append((KEYS, Message(customer, None, [])))

    def _is_deleted(self, customer: bytes) -> bool:
        return customer in self._changed and self._changed[customer] is None
