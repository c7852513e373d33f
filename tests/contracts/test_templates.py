import msgspec
import pytest

from streams.contracts.templates import NULL, OPTIONAL, encode, optional, template


class Part(msgspec.Struct, omit_defaults=True):
    is_: str = msgspec.field(name="is")
    met: bool | None = None


class Sample(msgspec.Struct, kw_only=True):
    id: str
    at: str
    reason: str | msgspec.UnsetType = msgspec.UNSET
    part: Part | None
    count: int


ODD = '100%s %b "quoted" \\ \0 \x00? 客戶'


def test_what_is_constant_is_written_once_and_the_rest_is_filled_in() -> None:
    written = template(Sample, at=ODD, reason=msgspec.UNSET)
    filled = written % (encode(ODD), template(Part, met=True) % encode(ODD), encode(7))
    assert filled == encode(Sample(id=ODD, at=ODD, part=Part(ODD, met=True), count=7))


def test_a_default_is_left_out_where_the_struct_leaves_it_out() -> None:
    assert template(Part, met=None) % encode("low") == encode(Part("low"))


@pytest.mark.parametrize("reason", [msgspec.UNSET, "", ODD])
def test_an_optional_field_is_there_or_is_not(reason: str | msgspec.UnsetType) -> None:
    written = template(Sample, reason=OPTIONAL, part=None, count=1)
    filled = b"" if reason is msgspec.UNSET else optional("reason", encode(reason))
    assert written % (encode("a"), encode("b"), filled) == encode(
        Sample(id="a", at="b", reason=reason, part=None, count=1)
    )


def test_a_field_that_the_writer_does_not_know_is_told() -> None:
    with pytest.raises(TypeError, match="not enough arguments"):
        template(Sample, reason=OPTIONAL, count=1) % (encode("a"), encode("b"), b"")
    with pytest.raises(TypeError, match="Unexpected keyword argument"):
        template(Part, meet=True)
    assert encode(None) == NULL
