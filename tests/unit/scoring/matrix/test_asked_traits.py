from services.scoring.matrix.asked_traits import COMPANY_TRAITS, traits_asked
from tests.support.builders import matrix


def test_whatever_a_matrix_asks_the_company_has_to_be_known() -> None:
    assert traits_asked([]) == traits_asked([matrix()]) == COMPANY_TRAITS


def test_traits_are_asked_by_rules_exclusions_and_what_is_required_in_any_matrix() -> None:
    nested = {"all": [{"a": {"eq": 1}}, {"any": [{"b": {"exists": True}}, {"not": {"c": {"eq": 1}}}]}]}
    one = matrix(traits=[{"id": "t", "when": nested, "points": 1}], requires=["last_name"])
    other = matrix(excludes=[{"lifecycle": {"eq": "customer"}, "d": {"missing": True}}])
    asked = traits_asked([one, other]) - COMPANY_TRAITS
    assert asked == {"a", "b", "c", "d", "last_name", "name", "lifecycle"}


def test_a_trait_is_asked_under_our_name_with_what_stands_in_for_it_and_what_a_path_leads_into() -> None:
    one = matrix(requires=["jobTitle", "company.name", "address.city", "company_domain", "companySize"])
    assert traits_asked([one]) - COMPANY_TRAITS == {
        "title",
        "address",
        "address.city",
        "company_domain",
        "website",
        "company_size",
    }
