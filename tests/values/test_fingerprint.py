from streams.values.fingerprint import fingerprint


def test_ids_of_any_text_have_8_bytes() -> None:
    assert len({fingerprint(text) for text in ("", "e", "客戶", "e" * 256)}) == 4
    assert {len(fingerprint(text)) for text in ("", "e", "客戶", "e" * 256)} == {8}


def test_it_is_the_same_for_ever() -> None:
    # What a changelog remembers is held against it for years: another value needs a new version of the state.
    assert fingerprint("b17").hex() == "0bc5db58d2ad4a56"
