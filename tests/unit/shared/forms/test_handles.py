import pytest

from shared.errors import Refused
from shared.identity import Forms, Identity

forms = Forms()


@pytest.mark.parametrize(
    ("kind", "written", "form"),
    [
        ("twitter", "@Antonio", "antonio"),
        ("twitter", "@@ Antonio", "antonio"),
        ("twitter", "\ufeff@antonio", "antonio"),
        ("twitter", "https://twitter.com/Antonio", "antonio"),
        ("twitter", "http://mobile.twitter.com/antonio/?lang=en#top", "antonio"),
        ("twitter", "x.com/antonio", "antonio"),
        ("twitter", "//www.x.com/@antonio", "antonio"),
        ("facebook", "https://www.facebook.com/antonio.runs/", "antonio.runs"),
        ("facebook", "https://facebook.com/profile.php?ref=x&id=1234", "1234"),
        ("facebook", "https://facebook.com/people/Antonio-Runs/1234/", "1234"),
        ("facebook", 1234, "1234"),
        ("instagram", "instagram.com/antonio", "antonio"),
        ("instagram", "antonio.co", "antonio.co"),
        ("linkedin", "https://es.linkedin.com/in/antonio-runs-12/", "antonio-runs-12"),
        ("linkedin", "https://linkedin.com/in/jos%C3%A9", "josé"),
        ("linkedin", "https://linkedin.com/in/JOS%C3%89", "josé"),
    ],
)
def test_each_spelling_of_a_handle_has_the_same_normal_form(kind: str, written: str, form: str) -> None:
    assert forms.identity(kind, written) == Identity(kind, form)


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("twitter", "Antonio Runs"),
        ("twitter", "İ" * 200),
        ("twitter", "https://twitter.com/antonio/status/1"),
        ("twitter", "https://twitter.com/intent/tweet"),
        ("twitter", "https://twitter.com.evil.example/antonio"),
        ("twitter", "https://twitter.com@evil.example/antonio"),
        ("twitter", "https://facebook.com/antonio"),
        ("twitter", "https://twitter.com/"),
        ("facebook", "https://facebook.com/groups/runners"),
        ("facebook", "https://facebook.com/profile.php"),
        ("linkedin", "https://linkedin.com/company/acme"),
        ("linkedin", "https://linkedin.com/antonio"),
    ],
)
def test_urls_of_other_pages_and_invalid_handles_are_refused(kind: str, written: str) -> None:
    with pytest.raises(Refused) as refused:
        forms.identity(kind, written)
    assert (refused.value.code, refused.value.field) == ("identity_value_invalid", f"identities.{kind}")


@pytest.mark.parametrize("written", ["@", "@none", "https://twitter.com/undefined", "@{{handle}}"])
def test_a_placeholder_handle_is_not_an_identity(written: str) -> None:
    assert forms.identity("twitter", written) is None
