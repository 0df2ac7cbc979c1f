"""Texts without case and accents, in which n and ñ are two letters."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.comparison import Comparison
from shared.folding import folded
from shared.matching import compile_comparison

COMPARISON = TypeAdapter(Comparison)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("maratón", "MARATON"),
        ("maratón", "marato\u0301n"),
        ("año", "AN\u0303O"),
        ("Françoise", "francoise"),
        ("Müller", "MULLER"),
        ("pingüino", "pinguino"),
        ("straße", "STRASSE"),
        ("STRAẞE", "straße"),
        ("İstanbul", "istanbul"),
        ("ISPARTA", "\N{LATIN SMALL LETTER DOTLESS I}sparta"),
        ("Søren", "soren"),
        ("Łódź", "lodz"),
        ("São", "SAO"),
        ("Αθήνα", "ΑΘΗΝΑ"),
        ("ЁЖ", "ёж"),
    ],
)
def test_folding_ignores_case_and_accents(first: str, second: str) -> None:
    assert folded(first) == folded(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("año", "ano"), ("Ñandú", "nandu"), ("й", "и"), ("が", "か"), ("각", "가")],
)
def test_folding_does_not_equate_different_letters(first: str, second: str) -> None:
    assert folded(first) != folded(second)
    assert folded(second) not in folded(first)


@given(st.text())
def test_folding_is_idempotent_and_ignores_unicode_composition(text: str) -> None:
    apart, together = (folded(unicodedata.normalize(form, text)) for form in ("NFD", "NFC"))
    assert apart == together == folded(text) == folded(folded(text))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x17F)))
def test_case_makes_no_difference(text: str) -> None:
    assert folded(text.upper()) == folded(text.lower()) == folded(text)


def test_only_matches_any_ignores_case_and_accents() -> None:
    operands = {
        "eq": "maratón",
        "in": ["maratón"],
        "contains": "maratón",
        "starts_with": "maratón",
        "glob": "maratón",
    }
    for operator, operand in operands.items():
        holds = compile_comparison(COMPARISON.validate_python({operator: operand}))
        assert holds("maratón")
        assert not holds("maraton"), operator
        assert not holds("MARATÓN"), operator
    holds = compile_comparison(COMPARISON.validate_python({"matches_any": ["maratón"]}))
    assert holds("voy a correr un maraton")
    assert holds(["nada", "MI PRIMER MARATÓN"])
    assert not compile_comparison(COMPARISON.validate_python({"matches_any": ["año"]}))("ano")
