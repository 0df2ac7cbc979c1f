from services.scoring.matrix.needed_traits import COMPANY_TRAITS, needed_traits
from tests.support.builders import matrix


def test_company_traits_are_always_needed() -> None:
    assert needed_traits([]) == needed_traits([matrix()]) == COMPANY_TRAITS


def test_rules_exclusions_and_required_traits_of_all_matrices_are_needed() -> None:
    nested = {"all": [{"a": {"eq": 1}}, {"any": [{"b": {"exists": True}}, {"not": {"c": {"eq": 1}}}]}]}
    first = matrix(traits=[{"id": "t", "when": nested, "points": 1}], requires=["last_name"])
    second = matrix(excludes=[{"lifecycle": {"eq": "customer"}, "d": {"missing": True}}])
    needed = needed_traits([first, second]) - COMPANY_TRAITS
    assert needed == {"a", "b", "c", "d", "last_name", "name", "lifecycle"}


def test_needed_traits_include_fallback_traits_and_parents_of_paths() -> None:
    required = matrix(requires=["jobTitle", "company.name", "address.city", "company_domain", "companySize"])
    assert needed_traits([required]) - COMPANY_TRAITS == {
        "title",
        "address",
        "address.city",
        "company_domain",
        "website",
        "company_size",
    }
