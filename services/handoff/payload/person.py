"""The person for sales to call, and the company, taken from traits and identities.

Most CRMs refuse a lead without a last name or a company, so these two are never empty: an unknown value is
`[not provided]`, the text that CRMs themselves use. Nothing is guessed. A value is known here if and only if
rules and `requires` take it as known, since all three read the same table of names.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from services.handoff.payload.trimming import clipped
from shared.identity import Identity
from shared.known_traits import canonical_traits, completed, text_of

NOT_PROVIDED = "[not provided]"

_PERSON = ("first_name", "last_name", "email", "phone", "title", "language", "time_zone")
# Each field, and the trait that gives its value.
_COMPANY = {
    "name": "company",
    "domain": "company_domain",
    "size": "company_size",
    "industry": "industry",
    "country": "company_country",
}


def person_of(traits: Mapping[str, Any], identities: Iterable[Identity]) -> dict[str, str | None]:
    """Return the person's fields; e-mail and phone fall back to the identities of that kind."""
    known = completed(canonical_traits(traits))
    person = {field: _shown(known.get(field)) for field in _PERSON}
    for kind, value in identities:
        if kind in {"email", "phone"} and person[kind] is None:
            person[kind] = clipped(value)
    person["last_name"] = person["last_name"] or NOT_PROVIDED
    return person


def company_of(traits: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the company's fields."""
    known = completed(canonical_traits(traits))
    company = {field: _shown(known.get(trait)) for field, trait in _COMPANY.items()}
    company["name"] = company["name"] or NOT_PROVIDED
    return company


def _shown(value: Any) -> str | None:
    text = text_of(value)
    return None if text is None else clipped(text)
