import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.identity import Identity, by_strength, identity_id, normalise

KINDS = st.sampled_from(["user_id", "email", "phone", "twitter", "facebook", "anonymous_id", "loyalty_card"])
VALUES = st.text(max_size=300) | st.text("@ .aAÄİß\u0301+0", max_size=20)


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        ("email", " Ana@Runner.Example ", "ana@runner.example"),
        ("email", "ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("email", "ana+news@a.example", "ana+news@a.example"),
        ("phone", "+49 (170) 12-34/567", "+491701234567"),
        ("phone", "0049 170 1234567", "+491701234567"),
        ("twitter", "@Antonio", "antonio"),
        ("twitter", "@@ Antonio", "antonio"),
        ("user_id", " U-1 ", "U-1"),
        ("user_id", "e\u0301", "\u00e9"),
        ("loyalty_card", "12", "12"),
    ],
)
def test_an_identity_has_one_form(kind: str, value: str, form: str) -> None:
    assert normalise(kind, value) == Identity(kind, form)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "ana"),
        ("email", "ana@"),
        ("email", "@a.example"),
        ("email", "ana@localhost"),
        ("email", "a na@a.example"),
        ("email", "ana@" + "ü" * 70 + ".example"),
        ("phone", "1234"),
        ("phone", "+" + "1" * 16),
        ("phone", "call me"),
        ("phone", "١٢٣٤٥٦"),
        ("twitter", "@"),
        ("twitter", "İ" * 200),
        ("email", "ana@" + "ü.ü" * 80 + ".example"),
        ("user_id", ""),
        ("user_id", "  "),
        ("user_id", "a\0b"),
        ("user_id", "x" * 257),
    ],
)
def test_what_cannot_be_one_is_refused_naming_its_kind(kind: str, value: str) -> None:
    with pytest.raises(Refused) as refused:
        normalise(kind, value)
    assert (refused.value.code, refused.value.field) == ("identity_value_invalid", f"identities.{kind}")


@pytest.mark.parametrize("kind", ["", "E-mail", "1st", "x" * 33, "naïve", "a b", "kind\n"])
def test_a_kind_is_a_short_name(kind: str) -> None:
    with pytest.raises(Refused) as refused:
        normalise(kind, "value")
    assert refused.value.code == "identity_kind_invalid"


@given(KINDS, VALUES)
def test_the_form_of_a_form_is_itself(kind: str, value: str) -> None:
    try:
        identity = normalise(kind, value)
    except Refused:
        return
    assert normalise(identity.kind, identity.value) == identity


NAMES = [("anonymous_id", "c1"), ("email", "a@a.example"), ("loyalty_card", "7"), ("user_id", "u1")]


@given(st.permutations([*NAMES, *NAMES]))
def test_the_strongest_stands_first_in_whatever_order_they_came(named: list[tuple[str, str]]) -> None:
    ordered = by_strength(Identity(kind, value) for kind, value in named)
    assert [identity.kind for identity in ordered] == ["user_id", "email", "loyalty_card", "anonymous_id"]


def test_nobody_has_no_strongest() -> None:
    assert by_strength([]) == ()


def test_an_id_tells_kind_and_value_apart() -> None:
    assert Identity("email", "a@a.example").id == identity_id("email", "a@a.example")
    assert identity_id("a", "bc") != identity_id("ab", "c")
    assert len(identity_id("a", "b")) == 32
