"""Every version of every event that was ever written can be read for ever."""

from pathlib import Path
from typing import get_args

import pytest

from shared.errors import Poison
from shared.events import Event, decode, encode

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_golden_events_are_decoded_and_encoded_to_the_same_bytes(path: Path) -> None:
    written = path.read_bytes().strip()
    assert encode(decode(written)) == written


def test_every_event_type_has_a_golden_file() -> None:
    tags = {kind.__struct_config__.tag for kind in get_args(Event)}
    assert tags <= {path.stem for path in GOLDEN.glob("*.json")}


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b'{"event":"interaction.99","id":"1"}',
        b'{"event":"interaction.1","id":"1"}',
        b'{"event":"dead_letter.1","id":5}',
        b"\xff\xfe",
        b'{"event":"interaction.1","id":"1","properties":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
    ],
)
def test_decoding_anything_but_a_known_event_raises_poison(value: bytes) -> None:
    with pytest.raises(Poison):
        decode(value)
