"""E-mail addresses: one form for one mailbox, as far as the spelling decides it.

The rules of single providers, such as ignoring dots or the part behind a plus, are not known here: such
addresses stay different.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

import idna

from shared.forms.text import cleaned

# The limits of SMTP (RFC 5321), in octets.
MAX_NAME: Final = 64
MAX_ADDRESS: Final = 254

_NAME = r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]+"
_DOMAIN = r"(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
_PLAIN = re.compile(rf"(?!\.+@)({_NAME})@({_DOMAIN})")
_BARE_NAME = re.compile(_NAME)
_DOMAIN_NAME = re.compile(_DOMAIN)
# Whatever comes before an address in angle brackets is the person's name, in quotes or not.
_NAMED = re.compile(r'((?:"(?:[^"\\]|\\.)*+"|[^<>"])*+)<([^<>]+)>')
_SEVERAL = re.compile(r"@[^,;]*[,;]")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)+)"@([^@"]+)')
_ESCAPED = re.compile(r"\\(.)")
_SPECIAL = re.compile(r'["\\]')
_NOT_BARE = re.compile(r'[\s"(),:;<>@\[\\\]\x00-\x1f\x7f-\x9f]')


def email_form(text: str) -> tuple[str, str]:
    """Return name and domain of an address in lower case, the domain as IDNA 2008 has it (UTS 46).

    An address may come with a person's name (`Ana <ana@firm.example>`), as `mailto:`, or with a dot behind
    its domain. Raises ValueError, with what is wrong, for what cannot be one address.
    """
    text = text.lower()
    plain = _PLAIN.fullmatch(text)
    if plain is None or "xn--" in text:
        name, domain = _split(_unwrapped(text))
        name, domain = _name(name), _domain(domain)
        size = len(name.encode())
    else:
        name, domain = plain.groups()
        size = len(name)
    if size > MAX_NAME or size + len(domain) >= MAX_ADDRESS:
        raise ValueError(
            f"is too long: an address has at most {MAX_ADDRESS} bytes, and {MAX_NAME} before the @"
        )
    return name, domain


def _unwrapped(text: str) -> str:
    """Return the address without `mailto:` and a person's name before it."""
    if text.startswith("mailto:"):
        text = cleaned(unquote(text[7:].partition("?")[0]))
    if text.endswith(">") and (named := _NAMED.fullmatch(text)) and not _SEVERAL.search(named[1]):
        return _unwrapped(named[2].strip()) if named[2].startswith("mailto:") else named[2].strip()
    # What Japanese keyboards write for an @.
    return text if "@" in text else text.replace("\N{FULLWIDTH COMMERCIAL AT}", "@")


def _split(address: str) -> tuple[str, str]:
    """Return name and domain; a name in quotes is returned without its escapes."""
    if quoted := _QUOTED.fullmatch(address):
        return '"' + _ESCAPED.sub(r"\1", quoted[1]) + '"', quoted[2]
    name, at, domain = address.rpartition("@")
    if not (name and at and domain) or _NOT_BARE.search(name):
        raise ValueError("is not an e-mail address")
    return name, domain


def _name(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).lower())
    if not folded.startswith('"'):
        if _NOT_BARE.search(folded) or not folded.strip("."):
            raise ValueError("is not an e-mail address")
        return folded
    unquoted = folded[1:-1]
    # Quotes that are not needed make no other mailbox (RFC 5321, 4.1.2).
    if _BARE_NAME.fullmatch(unquoted) and unquoted.strip("."):
        return unquoted
    if not unquoted.isprintable():
        raise ValueError("is not an e-mail address")
    return '"' + _SPECIAL.sub(r"\\\g<0>", unquoted) + '"'


def _domain(domain: str) -> str:
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError("has a domain that is not a domain name") from error
    ascii_domain = ascii_domain.removesuffix(".")
    if not _DOMAIN_NAME.fullmatch(ascii_domain):
        raise ValueError("has a domain that is not a domain name")
    return ascii_domain
