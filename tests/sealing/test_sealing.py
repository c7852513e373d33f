"""What is sealed can be opened by its key alone, and says nothing but that it was sealed, by which key and how long."""

import base64
import hmac
from itertools import count

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from streams.sealing.cipher import Cipher, DamagedSealError, OtherKeyError, SealError
from streams.sealing.keyring import Keyring
from streams.sealing.keys import MasterKeyError, master_keys, new_key
from tests.support.laws import laws

KEY = bytes(range(36))
OTHER = bytes(range(1, 37))
ONE, TWO = (base64.b64encode(letter * 32).decode() for letter in (b"1", b"2"))
MASTER = master_keys(ONE)
keys = st.binary(min_size=36, max_size=36)
contexts = st.sampled_from([b"changes", b"campaigns", b"risk", b"state"])


@given(keys, contexts, st.binary(max_size=300))
@laws(100)
def test_what_is_sealed_opens_again(key: bytes, context: bytes, value: bytes) -> None:
    sealed = Cipher(key).seal(context, value)
    assert Cipher(key).unseal(context, sealed) == value
    assert len(sealed) == len(value) + 33


@given(keys, contexts, st.binary(max_size=300))
@laws(100)
def test_the_same_value_is_sealed_to_the_same_bytes(key: bytes, context: bytes, value: bytes) -> None:
    assert Cipher(key).seal(context, value) == Cipher(key).seal(context, value)


@given(keys, st.binary(max_size=40), st.binary(max_size=40))
@laws(100)
def test_two_values_never_share_a_nonce(key: bytes, one: bytes, two: bytes) -> None:
    cipher = Cipher(key)
    nonces = {cipher.seal(context, value)[5:17] for context in (b"changes", b"risk") for value in {one, two}}
    assert len(nonces) == 2 * len({one, two})


@given(keys, keys, st.binary(max_size=40))
@laws(100)
def test_another_key_opens_nothing(key: bytes, other: bytes, value: bytes) -> None:
    sealed = Cipher(key).seal(b"state", value)
    if key != other:
        with pytest.raises(SealError):
            Cipher(other).unseal(b"state", sealed)


def test_another_secret_under_the_same_mark_opens_nothing() -> None:
    with pytest.raises(DamagedSealError):
        Cipher(KEY[:4] + OTHER[4:]).unseal(b"state", Cipher(KEY).seal(b"state", b"value"))


@given(st.integers(0, 72), st.integers(1, 255))
@laws(100)
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    sealed = bytearray(Cipher(KEY).seal(b"risk", b"x" * 40))
    sealed[place] ^= change
    with pytest.raises(SealError):
        Cipher(KEY).unseal(b"risk", bytes(sealed))


def test_a_value_of_one_topic_is_none_of_another() -> None:
    with pytest.raises(DamagedSealError, match="another topic"):
        Cipher(KEY).unseal(b"changes", Cipher(KEY).seal(b"risk", b"value"))


@pytest.mark.parametrize("value", [b"", b"\x81", b"\x81" + bytes(31), b"\x02" + bytes(60), b'{"id":"C001:1"}' * 4])
def test_what_is_not_sealed_is_refused(value: bytes) -> None:
    with pytest.raises(DamagedSealError):
        Cipher(KEY).unseal(b"state", value)


def test_another_key_is_told_from_damage() -> None:
    with pytest.raises(OtherKeyError):
        Cipher(OTHER).unseal(b"state", Cipher(KEY).seal(b"state", b"value"))


def test_the_form_is_that_of_the_documents() -> None:
    """The vector of docs/privacy.md: version, mark, nonce, and what any AES-256-GCM gives."""
    value = b'{"id":"C001:1"}'
    nonce = hmac.digest(KEY[4:], b"changes\0" + value, "sha256")[:12]
    sealed = b"\x81" + KEY[:4] + nonce + AESGCM(KEY[4:]).encrypt(nonce, value, b"changes")
    assert Cipher(KEY).seal(b"changes", value) == sealed
    assert base64.b64encode(sealed) == b"gQABAgPal53E9gVV3cGfrI6cj2SR5HZC0Q+Cvh7XQsYA9CjosblAW1Nfe0QuqAaC"


@given(st.binary(min_size=1, max_size=30), keys)
@laws(50)
def test_a_wrapped_key_opens_for_its_customer_alone(customer: bytes, key: bytes) -> None:
    wrapped = MASTER.wrap(customer, key)
    assert MASTER.unwrap(customer, wrapped) == key
    assert key[4:] not in wrapped
    with pytest.raises(DamagedSealError):
        MASTER.unwrap(customer + b"1", wrapped)


def test_another_master_key_is_told() -> None:
    with pytest.raises(MasterKeyError, match="another master key"):
        master_keys(TWO).unwrap(b"C001", MASTER.wrap(b"C001", KEY))


def test_of_several_master_keys_the_first_wraps_and_each_opens() -> None:
    one, both = MASTER.wrap(b"C001", KEY), master_keys(f"{TWO}\n{ONE}\n")
    two = both.wrap(b"C001", KEY)
    assert (both.unwrap(b"C001", one), both.unwrap(b"C001", two)) == (KEY, KEY)
    assert (both.is_by_first(one), both.is_by_first(two)) == (False, True)
    assert master_keys(TWO).unwrap(b"C001", two) == KEY
    with pytest.raises(MasterKeyError):
        MASTER.unwrap(b"C001", two)


def test_a_second_master_key_of_another_form_is_refused() -> None:
    with pytest.raises(MasterKeyError, match="openssl rand"):
        master_keys(f"{ONE}\npassword")


@pytest.mark.parametrize("text", ["", "AAAA", "no base64!", base64.b64encode(bytes(31)).decode(), "é" * 44])
def test_a_master_key_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(MasterKeyError, match="openssl rand"):
        master_keys(text)


def test_a_key_is_made_of_what_is_handed_in() -> None:
    numbers = count()
    assert new_key(lambda size: bytes(next(numbers) for _ in range(size))) == bytes(range(36))


def test_a_keyring_opens_what_the_newest_key_sealed() -> None:
    wrapped = {b"C001": MASTER.wrap(b"C001", KEY)}
    keyring = Keyring(MASTER, wrapped)
    sealed = Cipher(KEY).seal(b"changes", b"value")
    assert keyring.unseal(b"C001", b"changes", sealed) == b"value"
    wrapped[b"C001"] = MASTER.wrap(b"C001", OTHER)  # erased, and begun anew
    assert keyring.unseal(b"C001", b"changes", sealed) is None
    assert keyring.unseal(b"C001", b"state", Cipher(OTHER).seal(b"state", b"new")) == b"new"


def test_a_keyring_opens_nothing_of_whom_was_erased() -> None:
    wrapped = {b"C001": MASTER.wrap(b"C001", KEY)}
    keyring = Keyring(MASTER, wrapped)
    sealed = Cipher(KEY).seal(b"state", b"value")
    assert keyring.unseal(b"C001", b"state", sealed) == b"value"
    del wrapped[b"C001"]
    assert keyring.unseal(b"C001", b"state", sealed) is None
