import pytest

from shared.errors import Refused
from shared.identity import Forms, Identity

forms = Forms()


@pytest.mark.parametrize(
    ("written", "form"),
    [
        (" Ana@Runner.Example ", "ana@runner.example"),
        ("ana+news@a.example", "ana+news@a.example"),
        ("\ufeffana@firm.example", "ana@firm.example"),
        ("an\u200ba@fi\u00adrm.example\u200e", "ana@firm.example"),
        ("ana@fi\u200drm.example", "ana@firm.example"),
        ("<zw@firm.example>", "zw@firm.example"),
        ("Ana <ana@firm.example>", "ana@firm.example"),
        ("Runner, Ana <ana@firm.example>", "ana@firm.example"),
        ('"Runner, <Ana>" <ana@firm.example>', "ana@firm.example"),
        ("mailto:ana%2Bnews@firm.example?subject=Hello", "ana+news@firm.example"),
        ("<mailto:ana@firm.example>", "ana@firm.example"),
        ("mailto:%EF%BB%BFANA@firm.example", "ana@firm.example"),
        ("ana@firm.example.", "ana@firm.example"),
        ("ana\uff20\uff46\uff49\uff52\uff4d\uff0eexample", "ana@firm.example"),
        ("ana@firm。example", "ana@firm.example"),
        ('"ana"@firm.example', "ana@firm.example"),
        ('"Ana Maria"@firm.example', '"ana maria"@firm.example'),
        (r'"a\"b\c"@firm.example', r'"a\"bc"@firm.example'),
        ('"ana@gmail.com"@acme.example', '"ana@gmail.com"@acme.example'),
        ("ana..b@firm.example", "ana..b@firm.example"),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("ana@BÜCHER.example", "ana@xn--bcher-kva.example"),
        ("ana@XN--BCHER-KVA.example", "ana@xn--bcher-kva.example"),
        ("анна@пример.рф", "анна@xn--e1afmkfd.xn--p1ai"),
        ("ana@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example", "ana@xn--mgba3gch31f060k.example"),
        ("null@firm.example", "null@firm.example"),
        ("nan@firm.example", "nan@firm.example"),
    ],
)
def test_each_spelling_of_a_mailbox_has_the_same_normal_form(written: str, form: str) -> None:
    assert forms.identity("email", written) == Identity("email", form)


def test_a_sharp_s_equals_its_punycode_and_differs_from_ss() -> None:
    sharp, punycode, plain = (
        forms.named("email", f"ana@{domain}.example") for domain in ("straße", "xn--strae-oqa", "strasse")
    )
    assert sharp == punycode != plain


@pytest.mark.parametrize(
    "written",
    [
        "ana",
        "ana@",
        "@a.example",
        "ana@localhost",
        "a na@a.example",
        "ana@a b.example",
        "ana@1.2.3.4",
        "ana@[192.0.2.1]",
        "ana@firm..example",
        "ana@-firm.example",
        "ana@firm_one.example",
        "ana@" + "ü" * 70 + ".example",
        "ana@" + "ü.ü" * 80 + ".example",
        "ana@xn--zz.example",
        ".@firm.example",
        '""@firm.example',
        "a" * 65 + "@firm.example",
        "ü" * 33 + "@firm.example",
        "ana@" + ".".join(["a" * 50] * 5) + ".example",
        "ana@firm.example, bob@firm.example",
        "ana@firm.example, Bob <bob@firm.example>",
        "Ana <ana@firm.example>, Bob <bob@firm.example>",
        "mailto:ana@firm.example,bob@firm.example",
        "ana@bob@firm.example",
        "https://firm.example/ana",
    ],
)
def test_text_that_is_not_a_single_address_is_refused(written: str) -> None:
    with pytest.raises(Refused) as refused:
        forms.identity("email", written)
    assert (refused.value.code, refused.value.field) == ("identity_value_invalid", "identities.email")


@pytest.mark.parametrize(
    "written",
    [
        "undefined@firm.example",
        "none@none.com",
        "Email@email.com",
        "noemail@firm.example",
        "${name}@firm.example",
    ],
)
def test_placeholder_email_addresses_are_not_identities(written: str) -> None:
    assert forms.identity("email", written) is None
