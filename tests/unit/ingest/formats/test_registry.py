"""Every tracker format has all that the rest of ingest needs of it; a new format is tested here as it is."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from services.ingest import formats
from services.ingest.formats.dead_letter import records_of
from services.ingest.formats.format import Format, TrackingPath
from services.ingest.formats.registry import BY_PATH, FORMATS
from services.ingest.reading.outcome import Refusal, dead_letter, verdict_of
from services.ingest.reading.sending import Sending
from shared.errors import Refused
from shared.identity import Forms
from tests.support.builders import NOON
from tests.support.tracker_formats import (
    EACH_FORMAT,
    EACH_PATH,
    body_keys,
    documented_keys,
    encoded,
    example_of,
)

KEY = "fl_write_0123456789abcdef"
ERROR = Refused("type_invalid", "A type is in snake_case.", "type")
SENDING = Sending(NOON, lambda: "new", Forms())

HOSTILE = [
    b"", b"\0", b"\xff\xfe", b"7", b"null", b'"a"', b"[]", b"{}", b"[" * 5_000, b'{"batch":' * 5_000,
    b"a=1&a=2", b"%", b'{"batch":[null,7,[],{}]}', b"[null,7,[],{}]",
    b'{"id":{},"type":[],"identities":7,"properties":"a"}',
]  # fmt: skip


def test_every_format_is_registered_under_the_name_of_its_module() -> None:
    names = [module.name for module in iter_modules(formats.__path__)]
    modules = {name: vars(import_module(f"{formats.__name__}.{name}")).values() for name in names}
    found = {id(value) for module in modules.values() for value in module if isinstance(value, Format)}
    assert found == {id(tracker_format) for tracker_format in FORMATS}
    for tracker_format in FORMATS:
        assert tracker_format in modules[tracker_format.name]


@pytest.mark.parametrize("tracker_format", EACH_FORMAT)
def test_every_format_has_a_test_module(tracker_format: Format) -> None:
    assert (Path(__file__).parent / f"test_{tracker_format.name}.py").exists()


def test_a_path_belongs_to_one_format_and_has_no_parameters() -> None:
    paths = [path.path for tracker_format in FORMATS for path in tracker_format.paths]
    assert sorted(paths) == sorted(BY_PATH)
    assert all(path.startswith("/") and "{" not in path for path in paths)


@pytest.mark.parametrize(("tracker_format", "path"), EACH_PATH)
def test_path_descriptions_have_a_valid_example_and_name_the_key_fields(
    tracker_format: Format, path: TrackingPath
) -> None:
    description = path.describe(tracker_format.key_fields)
    assert description["summary"]
    assert {400, 401, 413, 503} < set(description["responses"])
    for name in documented_keys(tracker_format):
        assert f"`{name}`" in description["description"]
    outcomes = path.read(example_of(tracker_format, path).written(), SENDING)
    assert path.answer(outcomes, tracker_format.id_fields).status < 300


@pytest.mark.parametrize(("tracker_format", "path"), EACH_PATH)
@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:12]))
def test_hostile_bodies_are_refused_without_an_unexpected_exception(
    tracker_format: Format, path: TrackingPath, body: bytes
) -> None:
    for read in (path.read, path.read_again or path.read):
        try:
            outcomes = read(body, SENDING)
        except Refused:
            continue
        path.answer(outcomes, tracker_format.id_fields)


@pytest.mark.parametrize(("tracker_format", "path"), EACH_PATH)
def test_a_refused_body_is_stored_without_keys_and_can_be_replayed(
    tracker_format: Format, path: TrackingPath
) -> None:
    fields = dict.fromkeys(body_keys(tracker_format), KEY)
    example = example_of(tracker_format, path)
    letter = dead_letter(
        Refusal(ERROR, example.written(fields)),
        id="dead_1",
        refused_at=NOON,
        source=path.path,
        redaction=tracker_format.redaction,
    )
    assert KEY not in letter.payload
    events = path.read(example.written(fields), SENDING)
    assert len(records_of(letter, Forms())) == len(events) > 0


@pytest.mark.parametrize("tracker_format", EACH_FORMAT)
def test_redaction_removes_keys_from_all_key_fields(tracker_format: Format) -> None:
    for name in tracker_format.key_fields.names:
        for kept in (f'{{"a":{{"{name}":"{KEY}"}}}}', f"a=1&{name}={KEY}", str({name: KEY})):
            assert KEY.encode() not in tracker_format.redaction.of_bytes(kept.encode())


@pytest.mark.parametrize("tracker_format", EACH_FORMAT)
def test_the_verdict_of_a_refused_event_takes_the_id_from_any_id_field(tracker_format: Format) -> None:
    media_type = example_of(tracker_format, tracker_format.paths[0]).media_type
    for name in tracker_format.id_fields.names:
        refusal = Refusal(ERROR, encoded(media_type, {name: "e1"}))
        assert verdict_of(refusal, tracker_format.id_fields).id == "e1"
    assert verdict_of(Refusal(ERROR, b"\xff"), tracker_format.id_fields).id is None
