from msgspec.structs import replace

from streams.values.fingerprint import content_mark, fingerprint
from tests.support.one_customer import transaction


def test_ids_of_any_text_have_7_bytes() -> None:
    assert len({fingerprint(text) for text in ("", "e", "客戶", "e" * 256)}) == 4
    assert {len(fingerprint(text)) for text in ("", "e", "客戶", "e" * 256)} == {7}


def test_it_is_the_same_for_ever() -> None:
    # What a changelog remembers is held against it for years: another value needs a new version of the state.
    assert fingerprint("b17").hex() == "0bc5db58d2ad4a"


def test_transactions_of_other_amounts_never_have_the_same_content() -> None:
    heard = transaction("1", 1_795_483_800_125)
    marks = {content_mark(replace(heard, amount_e4=cents * 100)) for cents in range(2_000)}
    assert len(marks) == 2_000
    assert {len(mark) for mark in marks} == {5}
