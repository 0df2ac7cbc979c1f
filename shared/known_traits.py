"""The known traits: our names, the names that trackers and CRMs use, and the traits that stand in for them.

All names of a known trait mean the same trait; the value that was set last counts, under any name. Known
names are read in any spelling (`first_name`, `firstName`, `First Name`); any other trait has only the name
under which it was set.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from shared.known import is_blank, is_known
from shared.names import MAX_NAME_LENGTH

Traits: TypeAlias = Mapping[str, Any]
Reader: TypeAlias = Callable[[Traits], Any]

COMPANY: Final = "company"

# Traits of a person or company whose values are texts or numbers: our name comes first, then the names that
# others use.
_TEXTS: Final = (
    ("first_name", "given_name"),
    ("last_name", "family_name", "surname"),
    ("name", "full_name"),
    ("email", "email_address"),
    ("phone", "phone_number"),
    ("title", "job_title"),
    ("language",),
    ("time_zone",),
    ("country",),
    (COMPANY, "company_name"),
    ("company_domain", "company_website"),
    ("company_size", "company_employees", "company_employee_count", "number_of_employees", "employee_count"),
    ("company_country",),
    ("industry", "company_industry"),
    # These only stand in for other traits: a person's website may be their company's, and a locale names a
    # language.
    ("website",),
    ("locale",),
)
_OTHER_TRAITS: Final = (
    ("email_domain",),
    ("lifecycle", "lifecycle_stage"),
    ("consent_email", "email_consent"),
    ("consent_sms", "sms_consent"),
)

TEXTS: Final = frozenset(names[0] for names in _TEXTS)
"""Known traits whose values are texts or numbers; other values, and placeholders, are not known."""

KNOWN_TRAITS: Final = TEXTS | {names[0] for names in _OTHER_TRAITS}
"""Our names of the known traits."""

# What is read when a trait is not set. A `name` stands in for its two parts (`split`).
_STAND_INS: Final[Mapping[str, str]] = {
    "company_domain": "website",
    "company_country": "country",
    "language": "locale",
}
_PARTS_OF_NAME: Final = ("first_name", "last_name")

MAX_PARTS_OF_AN_OBJECT: Final = 50
"""How many parts without a name here are stored of an object that is set as a known trait."""

# What exports and trackers write for an unknown value; our own hand-off writes `[not provided]`.
_PLACEHOLDERS: Final = frozenset({
    "not provided", "not set", "not available", "n/a", "n.a.", "#n/a", "unknown", "undefined",
})  # fmt: skip
# Null is a surname, but the surname is not spelt in these ways.
_NOTHINGS: Final = frozenset({"null", "NULL", "none", "NONE", "None", "nil", "nan", "NaN"})
_BRACKETS: Final = frozenset({"[]", "<>", "{}"})


def _squeezed(name: str) -> str:
    return "".join(char for char in name if char not in "_- ").lower()


_OURS: Final = {_squeezed(name): names[0] for names in (*_TEXTS, *_OTHER_TRAITS) for name in names}


@lru_cache(maxsize=8_192)
def canonical(name: str) -> str:
    """Return our name for a trait, or for a path into one; the name itself when it is not a known trait.

    The parts of a company object are traits of their own: `company.name` is `company`, `company.plan` is
    `company_plan`.
    """
    head, dot, rest = name.partition(".")
    ours = _OURS.get(_squeezed(head), head)
    if not (dot and rest):
        return name if dot else ours
    if ours != COMPANY:
        return f"{ours}.{rest}"
    part, dot, deeper = rest.partition(".")
    if not part:
        return name
    return f"{canonical(f'company_{part}')}{dot}{deeper}"


def canonical_traits(traits: Traits) -> Traits:
    """Return the traits of one event under our names; null removes a trait.

    Other values that are not known are left out, since they change nothing. Of several names for one trait,
    a known value wins over null, and our own name over others.
    """
    canonical_to_value: dict[str, Any] = {}
    for name, value in _parts(traits):
        ours = canonical(name)
        if value is None:
            canonical_to_value.setdefault(ours, None)
        elif _has_value(ours, value) and (canonical_to_value.get(ours) is None or name == ours):
            canonical_to_value[ours] = value
    return canonical_to_value


def _parts(traits: Traits) -> Iterator[tuple[str, Any]]:
    """Yield (name, value); an object that is set where a text is expected is split into its parts."""
    for name, value in traits.items():
        if isinstance(value, dict) and canonical(name) in TEXTS:
            yield from _parts_of(canonical(name), value)  # pyright: ignore[reportUnknownArgumentType] - JSON
        else:
            yield name, value


def _parts_of(name: str, parts: Traits) -> Iterator[tuple[str, Any]]:
    without_name = 0
    for part, value in parts.items():
        path = f"{name}.{part}"
        ours = canonical(path)
        if ours not in KNOWN_TRAITS:
            without_name += 1
            if without_name > MAX_PARTS_OF_AN_OBJECT or len(ours) > MAX_NAME_LENGTH:
                continue
        yield path, value


def _has_value(name: str, value: Any) -> bool:
    return text_of(value) is not None if name in TEXTS else is_known(value)


def text_of(value: Any) -> str | None:
    """Return a value as one line of text, or None when it is blank, or at most a placeholder.

    A list is read as its parts; a truth or an object gives None.
    """
    match value:
        case str():
            return _line(value)
        case bool():
            return None
        case int() | float():
            return str(value)
        case list():
            parts = (text_of(part) for part in value if not isinstance(part, list))  # pyright: ignore[reportUnknownVariableType] - JSON
            return ", ".join(part for part in parts if part) or None
        case _:
            return None


def _line(text: str) -> str | None:
    if is_blank(text):
        return None
    shown = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(shown.split())
    return None if _is_placeholder(line) else line


def _is_placeholder(line: str) -> bool:
    if line in _NOTHINGS or line[0] + line[-1] in _BRACKETS:
        return True
    bare = line.strip("()").casefold()
    return bare in _PLACEHOLDERS or not any(char.isalnum() for char in bare)


def completed(traits: Traits) -> Traits:
    """Return traits under our names, with stand-ins for traits that are not set."""
    more: dict[str, Any] = {}
    for name, stand_in in _STAND_INS.items():
        if stand_in in traits and name not in traits:
            more[name] = traits[stand_in]
    if "name" in traits and "last_name" not in traits:
        first, last = split(text_of(traits["name"]) or "")
        if last:
            more["last_name"] = last
            if first and "first_name" not in traits:
                more["first_name"] = first
    return {**traits, **more} if more else traits


def split(name: str) -> tuple[str, str]:
    """Return the first and the last name in a full name; the last word is the last name."""
    first, _, last = name.rpartition(" ")
    return first, last


@lru_cache(maxsize=8_192)
def sources(name: str) -> frozenset[str]:
    """Return our names of all traits that can set a trait or path, as `canonical_traits` returns them."""
    path = canonical(name)
    trait = path.partition(".")[0]
    further = (
        {"name"} if trait in _PARTS_OF_NAME else {_STAND_INS[trait]} if trait in _STAND_INS else set[str]()
    )
    # A tracker may send a flat key with dots in it.
    return frozenset({path, trait, *further})


def objects_with(name: str) -> frozenset[str]:
    """Return our names of the objects that may contain a trait or path: `company` for `company_plan`."""
    trait, dot, _ = canonical(name).partition(".")
    return frozenset({*([trait] if dot else ()), *([COMPANY] if trait.startswith(f"{COMPANY}_") else ())})


def reader(name: str) -> Reader:
    """Return a reader of a trait, or of a path into one, from traits under our names; None: not known."""
    path = canonical(name)
    trait, *steps = path.split(".")

    def read(traits: Traits) -> Any:
        found: Any = traits.get(path)
        if found is None and steps:
            found = traits.get(trait)
            for step in steps:
                if not isinstance(found, dict):
                    return None
                found = found.get(step)  # pyright: ignore[reportUnknownMemberType] - JSON
        return found if is_known(found) else None

    return read
