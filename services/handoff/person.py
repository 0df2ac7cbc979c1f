"""Whom sales will call: the person and the company, picked from traits and identities.

Most CRMs refuse a lead without a last name or a company, so these two are never empty: what is not known
reads `[not provided]`, the words that CRMs themselves put there. Nothing is guessed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from services.handoff.trimming import clipped
from shared.identity import Identity

NOT_PROVIDED = "[not provided]"

# Each field, and the traits it is read from, the first that is there: our own words, then those of the
# Segment libraries.
_PERSON = {
    "first_name": ("first_name", "firstName"),
    "last_name": ("last_name", "lastName"),
    "email": ("email",),
    "phone": ("phone",),
    "title": ("title", "job_title", "jobTitle"),
    "language": ("language", "locale"),
    "time_zone": ("time_zone", "timezone"),
}
_COMPANY = {
    "name": ("company", "company_name"),
    "domain": ("company_domain", "website"),
    "size": ("company_size",),
    "industry": ("industry",),
    "country": ("country",),
}
# Segment's `company` may be an object; these are its names for the same fields.
_COMPANY_OBJECT = {
    "name": ("name",),
    "domain": ("domain", "website"),
    "size": ("size", "employee_count", "employees"),
    "industry": ("industry",),
    "country": ("country",),
}


def person_of(traits: Mapping[str, Any], identities: Iterable[Identity]) -> dict[str, str | None]:
    """Return the person's fields; e-mail and phone fall back to the identities of that kind."""
    person = {field: _first(traits, names) for field, names in _PERSON.items()}
    for kind, value in identities:
        if kind in {"email", "phone"} and person[kind] is None:
            person[kind] = clipped(value)
    name = _first(traits, ("name",))
    if name is not None and person["last_name"] is None:
        given, _, family = name.rpartition(" ")
        person["last_name"] = family
        person["first_name"] = person["first_name"] or given.strip() or None
    person["last_name"] = person["last_name"] or NOT_PROVIDED
    return person


def company_of(traits: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the company's fields."""
    company = {field: _first(traits, names) for field, names in _COMPANY.items()}
    described = traits.get("company")
    if isinstance(described, Mapping):
        for field, names in _COMPANY_OBJECT.items():
            company[field] = _first(described, names) or company[field]
    company["name"] = company["name"] or NOT_PROVIDED
    return company


def _first(traits: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """Return the first of the traits that has a text or number to show."""
    for name in names:
        value = traits.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            text = clipped(str(value))
            if text:
                return text
    return None
