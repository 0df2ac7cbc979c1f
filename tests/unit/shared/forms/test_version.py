"""A value that gets another form is another identity, so tables from before have to be marked as old."""

from hashlib import blake2b

from shared.errors import Refused
from shared.identity import FORMS_VERSION, Forms, Scalar

CORPUS: list[tuple[str, Scalar]] = [
    ("email", "Ana <Ana+News@Bücher.example>"), ("email", "ana@straße.example"),
    ("email", '"a b"@firm.example'), ("email", "ana@xn--bcher-kva.example."),
    ("email", "undefined@firm.example"), ("email", "ana@a_b.example"), ("phone", "+49 (0)170 1234567"),
    ("phone", "0170 1234567"), ("phone", "600123456.0"), ("phone", "+34 600123456 x1"),
    ("phone", "491701234567"), ("phone", 1701234567.0), ("phone", "+1 555 0100"),
    ("phone", "(202) 555-0134"), ("twitter", "https://x.com/Antonio/"),
    ("facebook", "facebook.com/profile.php?id=12"), ("linkedin", "in/ana"), ("instagram", "@Ana.Runs"),
    ("user_id", "\ufeffU\u200c-1"), ("user_id", 7.0), ("user_id", "{{id}}"),
    ("user_id", "{6F9619FF-8B86-D011-B42D-00C04FC964FF}"), ("anonymous_id", "0-0"),
    ("loyalty_card", "12.0"),
]  # fmt: skip


def forms_of_the_corpus() -> str:
    found: list[object] = []
    for forms in (Forms(), Forms("DE"), Forms("US")):
        for kind, value in CORPUS:
            try:
                found.append(forms.identity(kind, value))
            except Refused as error:
                found.append(error.code)
    return blake2b(repr(found).encode(), digest_size=8).hexdigest()


def test_the_forms_version_changes_when_normal_forms_change() -> None:
    """If this fails, raise FORMS_VERSION and note the forms here; a newer library may be the reason."""
    assert (FORMS_VERSION, forms_of_the_corpus()) == (2, "c1c3952700b2dc7c")
