"""Placeholders: values that broken trackers, tag managers and exports send instead of an id.

Taken for an id, a placeholder merges all the people with this value into one profile. The list is the same
for all routes and all kinds of identity; `FLIPLINE_PLACEHOLDER_IDS` adds to it.
"""

import re
from collections.abc import Collection
from itertools import product
from typing import Final

# What programming languages, databases and spreadsheets print for a missing value.
_NOTHINGS: Final = frozenset({
    "undefined", "null", "nil", "none", "nan", "nat", "void", "nonetype", "nullptr", "undef", "object",
    "object object", "object undefined", "object null", "object window", "n/a", "#n/a", "na", "<na>",
    "#ref!", "#value!", "#name?", "#null!", "#num!", "#div/0!", "\\n", "1.#ind", "-1.#ind", "1.#qnan",
    "-nan", "+nan", "inf", "-inf", "+inf", "infinity", "-infinity", "true", "false", "-1", "0e0", "0e00",
    "0e+0", "0e+00", "0.0e+00", "empty", "blank", "missing", "unset", "dbnull", "system.object",
    "java.lang.object",
})  # fmt: skip
# What trackers call an unknown person.
_UNKNOWN_PERSONS: Final = frozenset({
    "anonymous", "anonymous user", "anonymous visitor", "anon", "guest", "guest user", "unknown",
    "unknown user", "nobody", "no one", "no user", "no id", "no value", "not set", "not provided",
    "not available", "not applicable", "not found", "not authenticated", "unauthenticated",
    "not logged in", "logged out", "signed out", "unidentified", "unspecified", "unassigned",
    "not identified", "no email", "default user",
})  # fmt: skip
# The name of a field or of a variable instead of its value: a template that was not filled in.
_FIELDS: Final = frozenset({
    "id", "uid", "user id", "user uuid", "distinct id", "anonymous id", "client id", "customer id",
    "contact id", "lead id", "visitor id", "member id", "account id", "subscriber id", "person id",
    "device id", "profile id", "email", "e mail", "email address", "user email", "phone", "phone number",
    "user name", "your user id", "your id", "some id", "message id", "event id", "previous id",
    "external id",
})  # fmt: skip
# Ids that hardware and platforms have in common: two that a faulty release or an emulator gave to every
# telephone, and the address that telephones report instead of their own; the least and the greatest UUID.
_SHARED: Final = frozenset({
    "9774d56d682e549c", "02:00:00:00:00:00", "urn:uuid:00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff", "ffffffffffffffffffffffffffffffff",
})  # fmt: skip

# `user_undefined`, `id=null`: the result when a program joins a word to a missing id.
_BEFORE: Final = (
    "user", "userid", "user_id", "id", "uid", "customer", "contact", "lead", "visitor", "client", "member",
    "account", "person", "email", "anonymous", "undefined", "null", "none", "nan",
)  # fmt: skip
_JOINED: Final = frozenset(
    f"{word}{mark}{nothing}"
    for word, mark, nothing in product(
        _BEFORE, ("", "_", "-", ":", "=", ".", "/", "|", " "), ("undefined", "null", "none", "nan")
    )
)


def _spellings(words: Collection[str]) -> frozenset[str]:
    """Return the words with each of the marks that may stand for the spaces within."""
    return frozenset(word.replace(" ", mark) for word in words for mark in (" ", "_", "-", ".", ""))


WORDS: Final[frozenset[str]] = _NOTHINGS | _SHARED | _JOINED | _spellings(_UNKNOWN_PERSONS | _FIELDS)
"""The words, in lower case."""

# Nearly every id has this shape; of the placeholders only the words have it.
_ORDINARY = re.compile(r"(?=[0.:+x_-]*[1-9a-wyz])[0-9a-z](?:[0-9a-z_.@+:-]*[0-9a-z])?")
_ZERO = re.compile(r"[-+{(\[]*0[0\s.,:x_-]*[)\]}]*")
# A template that was not filled in, anywhere in a value: {{user_id}}, ${id}, #{id}, <%= id %>,
# {% id %}, %%EMAIL%%, *|EMAIL|*, [[id]], %{id}, @@id@@, and the first of them as a URL has it.
_TEMPLATE = re.compile(
    r"\{\{\W{0,9}[a-z_][^}]*\}|[$#%@!]\{\W{0,9}[a-z_][^}]*\}|\{[%!#]\W{0,9}[a-z_][^}]*\}|<[%?][^>]*>"
    r"|%%[^%]+%%|\*\|[^|]+\|\*|\[\[\W{0,9}[a-z_][^\]]*\]\]|@@[^@]+@@|%7b%7b|\$\([^)]+\)|\[object \w+\]"
)
# A name in marks and nothing else: {user_id}, [email], <id>, (not set), %EMAIL%, __UID__, |ID|, ~id~.
_NAME = r"[a-z_][a-z_ .]*(?:\|[a-z_ :'\".]*)?"
_MARKED = re.compile(
    rf"\{{{_NAME}\}}|\[{_NAME}\]|<{_NAME}>|\({_NAME}\)|%{_NAME}%|__[a-z][a-z0-9_]*__|\|{_NAME}\||~{_NAME}~"
)
_MARKS: Final = " \t'\"`´‘’“”()[]{}<>«»%$#@!?&*=~^.,:;|/\\_+-"  # noqa: RUF001 - typographic quotes are meant


def is_placeholder(text: str, words: Collection[str] = WORDS) -> bool:
    """Return whether a cleaned text that is not blank is a placeholder; `words` are in lower case."""
    folded = text.lower()
    if folded in words:
        return True
    if _ORDINARY.fullmatch(folded):
        return False
    if _ZERO.fullmatch(folded) or _MARKED.fullmatch(folded) or _TEMPLATE.search(folded):
        return True
    bare = folded.strip(_MARKS)
    return not bare or bare in words


# The name of an address may be one of these words alone: guest@ or nan@ can be a real mailbox.
_NO_MAILBOX: Final = frozenset({
    "undefined", "noemail", "no-email", "no_email", "no.email", "noemailaddress", "unknownemail",
})  # fmt: skip


def is_placeholder_address(name: str, domain: str, words: Collection[str] = WORDS) -> bool:
    """Return whether an e-mail address is a placeholder, such as undefined@firm.example or none@none.com."""
    return name in _NO_MAILBOX or (name in words and domain.startswith(f"{name}."))
