from services.scoring.matrix.asked_traits import COMPANY_TRAITS, traits_asked
from tests.support.builders import matrix


def test_company_traits_are_always_asked() -> None:
    assert traits_asked([]) == traits_asked([matrix()]) == COMPANY_TRAITS


def test_rules_exclusions_and_required_traits_of_all_matrices_are_asked() -> None:
    nested = {"all": [{"a": {"eq": 1}}, {"any": [{"b": {"exists": True}}, {"not": {"c": {"eq": 1}}}]}]}
    one = matrix(traits=[{"id": "t", "when": nested, "points": 1}], requires=["last_name"])
    other = matrix(excludes=[{"lifecycle": {"eq": "customer"}, "d": {"missing": True}}])
    asked = traits_asked([one, other]) - COMPANY_TRAITS
    assert asked == {"a", "b", "c", "d", "last_name", "name", "lifecycle"}


def test_asked_traits_include_fallback_traits_and_parents_of_paths() -> None:
    one = matrix(requires=["jobTitle", "company.name", "address.city", "company_domain", "companySize"])
    assert traits_asked([one]) - COMPANY_TRAITS == {
        "title",
        "address",
        "address.city",
        "company_domain",
        "website",
        "company_size",
    }
