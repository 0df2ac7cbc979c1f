import pytest

from shared.identity import Forms, Identity, Scalar

forms = Forms()

WORDS = [
    "undefined", "Null", "nil", "None", "NaN", "NaT", "[object Object]", "[object Undefined]", "true",
    "FALSE", "anonymous", "Guest", "unknown user", "not_logged_in", "not-logged-in", "(not set)", "N/A",
    "#N/A", "#REF!", "\\N", "<null>", "(null)", "'undefined'", '"none"', "undefinedundefined",
    "null null", "user_undefined", "id=null",
]  # fmt: skip
ZEROS = [
    "0", "000", "0.0", "0,0", "-0", "+0", "0x0", "0e0", "0-0", "[0]", "-1", "-Infinity", "1.#IND",
    "00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}", "0" * 32,
    "urn:uuid:00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    "02:00:00:00:00:00", "9774d56d682e549c",
]  # fmt: skip
TEMPLATES = [
    "{{user_id}}", "{{ user.id }}", "user-{{id}}", "${id}", "#{id}", "%{id}", "%%EMAIL%%", "%EMAIL%",
    "*|EMAIL|*", "[[email]]", "[email]", "<user_id>", "{user_id}", "<%= id %>", "{% id %}",
    "{!Contact.Email}", "@@id@@", "__USER_ID__", "|ID|", "%7B%7Buser_id%7D%7D",
    "{contact.email | default: ''}", "$user_id", ":id", "userId", "email",
]  # fmt: skip
BLANKS = ["", " ", "\u00a0", "\ufeff", "\u200b\u200d", "-", "--", "?", "...", "***"]
NUMBERS: list[Scalar] = [None, 0, 0.0, -0.0, -1, True, False]


@pytest.mark.parametrize("value", [*WORDS, *ZEROS, *TEMPLATES, *BLANKS, *NUMBERS])
@pytest.mark.parametrize("kind", ["user_id", "anonymous_id", "email", "phone", "twitter", "loyalty_card"])
def test_placeholders_are_not_identities_of_any_kind(kind: str, value: Scalar) -> None:
    assert forms.identity(kind, value) is None


@pytest.mark.parametrize(
    "value",
    [
        "1", "10", "001", "0x1f", "1e5", "0.5", "u1", "user-0", "user_1", "guest_123", "anonymous-7f3a",
        "nanette", "nullable", "Null-Meier", "undefined_behaviour", "test", "x",
        "{6F9619FF-8B86-D011-B42D-00C04FC964FF}", "00000000-0000-0000-0000-000000000001",
        "GA1.2.123456.654321", "[7]", '{"id":7}', "$2b$10$abcdefg", "dGVzdA==", "_ana_", "~ana1", "100%",
        "Jean|Luc", "ülkü", "名前", "😀", "-7",
    ],
)  # fmt: skip
def test_values_similar_to_placeholders_are_identities(value: str) -> None:
    assert forms.identity("user_id", value) == Identity("user_id", value)


def test_configured_placeholders_are_added() -> None:
    here = Forms(placeholders=["abc123", " Walk-In "])
    assert [here.identity("user_id", value) for value in ("ABC123", "walk-in", "undefined")] == [None] * 3
    assert forms.identity("user_id", "abc123") == Identity("user_id", "abc123")
    assert here.identity("email", "abc123@abc123.example") is None


@pytest.mark.parametrize("value", ["null", "", " "])
def test_is_placeholder_recognises_null_and_blank_text(value: str) -> None:
    assert forms.is_placeholder(value)
    assert not forms.is_placeholder(f"{value}7f")
