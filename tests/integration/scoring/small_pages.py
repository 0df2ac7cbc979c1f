"""Preparations in small pages, so that a few people fill several of them."""

import pytest

from services.scoring.change import preparation


def prepare_in_pages_of(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page of a preparation, whether it counts or prices, have at most `most` identities."""
    monkeypatch.setattr(preparation, "COUNTED_AT_ONCE", most)
    monkeypatch.setattr(preparation, "PRICED_AT_ONCE", most)
