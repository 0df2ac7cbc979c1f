import pytest

from shared.errors import Refused
from shared.identity import Forms, Identity, Scalar


@pytest.mark.parametrize(
    ("region", "written", "form"),
    [
        (None, "+49 (170) 12-34/567", "+491701234567"),
        (None, "+49 (0)170 1234567", "+491701234567"),
        (None, "0049 170 1234567", "+491701234567"),
        (None, "tel:+49-170-1234567", "+491701234567"),
        (None, "\u202a+49\u00a0170\u20111234567\u202c", "+491701234567"),
        (None, "+٤٩١٧٠١٢٣٤٥٦٧", "+491701234567"),
        (None, "+34 600 123 456 ext. 12", "+34600123456;ext=12"),
        (None, "tel:+34-600-123456;ext=12", "+34600123456;ext=12"),
        (None, "600 123 456", "600123456"),
        (None, 600123456, "600123456"),
        (None, 600123456.0, "600123456"),
        (None, "600123456.0", "600123456"),
        ("ES", "600123456.0", "+34600123456"),
        ("ES", 600123456, "+34600123456"),
        ("ES", "600.123.456", "+34600123456"),
        ("ES", "34600123456", "+34600123456"),
        ("ES", "+49 170 1234567", "+491701234567"),
        ("DE", "0170 1234567", "+491701234567"),
        ("DE", 1701234567, "+491701234567"),
        ("DE", "491701234567", "+491701234567"),
        ("US", "(202) 555-0134", "+12025550134"),
        ("US", "202.555.0000", "+12025550000"),
        ("US", "0049 170 1234567", "+491701234567"),
        ("IT", "06 1234567", "+39061234567"),
    ],
)
def test_each_spelling_of_a_phone_number_has_the_same_normal_form(
    region: str | None, written: Scalar, form: str
) -> None:
    assert Forms(region).identity("phone", written) == Identity("phone", form)


@pytest.mark.parametrize("region", [None, "ES"])
@pytest.mark.parametrize(
    "written",
    [
        "6.00123456E8",
        "6,00123456e+08",
        "600123456.5",
        600123456.5,
        6e22,
        "-600123456",
        -600123456,
        "1234",
        "+" + "1" * 16,
        "+1234",
        "+999 123456789",
        "+1 555 0100",
        "call me",
        "1-800-FLOWERS",
        "600123456, 600654321",
        "600123456 600654321",
        "600123456 x",
        "1" * 600,
    ],
)
def test_text_that_is_not_a_single_phone_number_is_refused(region: str | None, written: Scalar) -> None:
    with pytest.raises(Refused) as refused:
        Forms(region).identity("phone", written)
    assert (refused.value.code, refused.value.field) == ("identity_value_invalid", "identities.phone")


def test_a_local_phone_number_without_area_code_is_refused() -> None:
    with pytest.raises(Refused):
        Forms("US").identity("phone", "555-0134")


def test_phone_numbers_with_different_extensions_are_different_identities() -> None:
    forms = Forms("ES")
    assert forms.identity("phone", "912345678 ext 1") != forms.identity("phone", "912345678 ext 2")
