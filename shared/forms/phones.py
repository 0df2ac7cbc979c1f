"""Telephone numbers: in the international form (E.164) where it is known, else their national digits."""

import re
from collections.abc import Collection
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

REGIONS: Final[Collection[str]] = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""The regions whose national numbers can be read, as ISO 3166-1 has them."""

_DASHES = "\\-\u2010-\u2015\u2212\uff0d"
_NUMBER = rf"\+?[\d\s().{_DASHES}/]*\d[\d\s().{_DASHES}/]*"
_EXTENSION = r"[;,\s]*(?:extension|ext\.?|x|\#)\s*[=:]?\s*(\d{1,7})"
_SHAPE = re.compile(rf"({_NUMBER})(?:{_EXTENSION})?", re.IGNORECASE)
# What spreadsheets and languages make of a number: a fraction, an exponent, a sign.
_WHOLE = re.compile(r"(\+?[0-9]{5,15})\.0+")
_CHANGED = re.compile(r"-.*|[0-9]{7,}\.[0-9]+|[0-9]+(?:[.,][0-9]+)?e[+-]?[0-9]+", re.IGNORECASE)
_NOT_DIGITS = re.compile(r"\D")
_NATIONAL = re.compile(r"[0-9]{5,15}")
_LONGEST: Final = 60


def phone_form(text: str, region: str | None) -> str:
    """Return a number as `+34600123456`, with `;ext=12` where it has an extension.

    Without `region` a national number is only its 5 to 15 digits. Raises ValueError,
    with what is wrong, for what cannot be a number.
    """
    if text[:4].lower() == "tel:":
        text = text[4:].strip()
    if whole := _WHOLE.fullmatch(text):
        text = whole[1]
    if _CHANGED.fullmatch(text):
        raise ValueError("is a number that a program has changed, not a telephone number")
    shape = _SHAPE.fullmatch(text.replace("\N{FULLWIDTH PLUS SIGN}", "+")) if len(text) <= _LONGEST else None
    if shape is None:
        raise ValueError("is not a telephone number")
    dialled = shape[1].strip()
    # What most of the world dials before the code of a country.
    if dialled.startswith("00"):
        dialled = f"+{dialled[2:]}"
    form = _form(dialled, region)
    return f"{form};ext={_digits(shape[2])}" if shape[2] else form


def _form(dialled: str, region: str | None) -> str:
    digits = _digits(dialled)
    is_national = not dialled.startswith("+")
    if is_national and region is None:
        if not _NATIONAL.fullmatch(digits):
            raise ValueError("is not a telephone number of 5 to 15 digits")
        return digits
    number = _parsed(dialled, region)
    if is_national and region is not None:
        number = _without_plus(digits, region) or number
    # A number that is only possible within a town is a different telephone in each town.
    if number is None or _possible(number) != ValidationResult.IS_POSSIBLE:
        raise ValueError(
            "is not a possible telephone number; a number of another country begins with + and its code"
        )
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _without_plus(digits: str, region: str) -> PhoneNumber | None:
    """Return the number if it begins with its country's code, without the plus that a program dropped."""
    if not digits.startswith(str(phonenumbers.country_code_for_region(region))):
        return None
    number = _parsed(f"+{digits}", None)
    return number if number is not None and phonenumbers.is_valid_number(number) else None


def _parsed(dialled: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(dialled, region)
    except NumberParseException:
        return None


def _possible(number: PhoneNumber) -> int:
    return phonenumbers.is_possible_number_with_reason(number)


def _digits(text: str) -> str:
    """Return the digits in a text of any script."""
    return "".join(str(int(digit)) for digit in _NOT_DIGITS.sub("", text))
