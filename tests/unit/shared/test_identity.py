import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.identity import Forms, Identity, Scalar, by_strength, identity_id

KINDS = st.sampled_from(["user_id", "email", "phone", "twitter", "facebook", "anonymous_id", "loyalty_card"])
PIECES = st.sampled_from([
    "ana", "@", ".", "firm", "example", "<", ">", '"', "\\", "mailto:", "+", "49", "(0)170", "1234567",
    " ", "-", "\ufeff", "\u200c", "\u00a0", "ü", "é", "ß", "\u212a", "İ", "xn--", "xn--bcher-kva",
    "https://x.com/", "/", "{{", "}}", "%c3%89", "%ef%bb%bf", "null", "undefined", "0", "x", "ext",
    "\u0301", "\uff20", "\u3002",
])  # fmt: skip
VALUES = st.text(max_size=300) | st.text("@ .aAÄİß\u0301+0", max_size=20) | st.lists(PIECES).map("".join)
REGIONS = st.sampled_from([None, "ES", "DE", "US", "IT", "AR"])

forms = Forms()


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        ("user_id", " U-1 ", "U-1"),
        ("user_id", "e\u0301", "\u00e9"),
        ("user_id", "\ufeffU-1\u200b", "U-1"),
        ("user_id", 7, "7"),
        ("user_id", 7.0, "7"),
        ("user_id", 12345678901234567890123, "12345678901234567890123"),
        ("loyalty_card", "12", "12"),
        ("loyalty_card", "12.0", "12.0"),
        ("anonymous_id", "\u0646\u0627\u0645\u200c\u0627", "\u0646\u0627\u0645\u200c\u0627"),
    ],
)
def test_an_identity_is_brought_to_normal_form(kind: str, value: Scalar, form: str) -> None:
    assert forms.identity(kind, value) == Identity(kind, form)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("user_id", "a\0b"),
        ("user_id", "x" * 257),
        ("user_id", 7.5),
        ("user_id", 2.0**60),
        ("user_id", 10**300),
        ("email", 7),
        ("facebook", 1e30),
    ],
)
def test_an_invalid_identity_is_refused_with_its_kind(kind: str, value: Scalar) -> None:
    with pytest.raises(Refused) as refused:
        forms.identity(kind, value)
    assert (refused.value.code, refused.value.field) == ("identity_value_invalid", f"identities.{kind}")


@pytest.mark.parametrize("kind", ["", "E-mail", "1st", "x" * 33, "naïve", "a b", "kind\n"])
@pytest.mark.parametrize("value", ["value", None])
def test_an_invalid_kind_is_refused(kind: str, value: Scalar) -> None:
    with pytest.raises(Refused) as refused:
        forms.identity(kind, value)
    assert refused.value.code == "identity_kind_invalid"


@given(KINDS, VALUES, REGIONS)
def test_the_normal_form_is_idempotent(kind: str, value: str, region: str | None) -> None:
    here = Forms(region)
    try:
        identity = here.identity(kind, value)
    except Refused:
        return
    assert identity is None or here.identity(*identity) == identity


def test_true_is_a_placeholder_and_equal_numbers_are_the_same_identity() -> None:
    here = Forms()
    assert [here.identity("user_id", value) for value in (1, 1.0, True, "1")] == [
        Identity("user_id", "1"), Identity("user_id", "1"), None, Identity("user_id", "1")
    ]  # fmt: skip


def test_named_refuses_a_placeholder() -> None:
    assert forms.named("user_id", "u1") == Identity("user_id", "u1")
    with pytest.raises(Refused) as refused:
        forms.named("user_id", "undefined")
    assert (refused.value.code, refused.value.field) == ("identity_placeholder", "value")


def test_the_fingerprint_differs_for_different_settings() -> None:
    fingerprints = [
        variant.fingerprint
        for variant in (
            forms,
            Forms("ES"),
            Forms("DE"),
            Forms(placeholders=["void"]),
            Forms(placeholders=["a", "b"]),
        )
    ]
    assert len(set(fingerprints)) == len(fingerprints)
    assert Forms(placeholders=["b", " A"]).fingerprint == fingerprints[-1]


NAMES = [("anonymous_id", "c1"), ("email", "a@a.example"), ("loyalty_card", "7"), ("user_id", "u1")]


@given(st.permutations([*NAMES, *NAMES]))
def test_identities_are_sorted_by_strength_and_unique(named: list[tuple[str, str]]) -> None:
    ordered = by_strength(Identity(kind, value) for kind, value in named)
    assert [identity.kind for identity in ordered] == ["user_id", "email", "loyalty_card", "anonymous_id"]


def test_by_strength_of_no_identities_is_empty() -> None:
    assert by_strength([]) == ()


def test_the_id_of_an_identity_separates_kind_and_value() -> None:
    assert Identity("email", "a@a.example").id == identity_id("email", "a@a.example")
    assert identity_id("a", "bc") != identity_id("ab", "c")
    assert len(identity_id("a", "b")) == 32
