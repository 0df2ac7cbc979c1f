"""The tail of the embedded log: the last records of this process, if no other process appended between."""

import pytest

from shared.log import embedded_tail
from shared.log.embedded_tail import Tail
from shared.log.port import Record


def records(*texts: str, topic: str = "interactions") -> list[Record]:
    return [Record(topic, "ana", text.encode()) for text in texts]


def test_the_tail_returns_appended_records_from_any_offset() -> None:
    tail = Tail()
    tail.add(records("a", "b"), 3)
    tail.add(records("c"), 4)
    assert tail.read("interactions", 1) == [(1, b"a"), (2, b"b"), (3, b"c")]
    assert tail.read("interactions", 3) == [(3, b"c")]
    assert tail.read("interactions", 4) == []


def test_each_topic_has_its_own_records() -> None:
    tail = Tail()
    tail.add([*records("a"), *records("lead", topic="leads"), *records("b")], 4)
    assert tail.read("leads", 1) == [(2, b"lead")]
    assert tail.read("interactions", 2) == [(3, b"b")]


def test_the_tail_does_not_have_records_of_other_processes() -> None:
    tail = Tail()
    tail.add(records("a"), 2)
    tail.add(records("c"), 4)
    assert tail.read("interactions", 2) is None, "offset 2 is somebody else's"
    assert tail.read("interactions", 3) == [(3, b"c")]


def test_the_tail_restarts_at_the_offset_found_in_the_file() -> None:
    tail = Tail()
    tail.add(records("a"), 2)
    tail.begin_at(5)
    assert tail.read("interactions", 4) is None
    assert tail.read("interactions", 5) == []
    tail.add(records("e"), 6)
    assert tail.read("interactions", 5) == [(5, b"e")]


def test_the_tail_has_a_limited_number_of_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_tail, "MAX_RECORDS", 2)
    tail = Tail()
    tail.add(records("a", "b", "c"), 4)
    assert (tail.begin, tail.read("interactions", 1)) == (2, None)
    assert tail.read("interactions", 2) == [(2, b"b"), (3, b"c")]


def test_the_tail_has_a_limited_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_tail, "MAX_BYTES", 10)
    tail = Tail()
    tail.add(records("aaaa", "bbbb", "cccc"), 4)
    assert tail.read("interactions", 2) == [(2, b"bbbb"), (3, b"cccc")]
    tail.add(records("d" * 11), 5)
    assert tail.read("interactions", 4) is None
    assert tail.read("interactions", 5) == []
