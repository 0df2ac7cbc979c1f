"""Which keys may be used, where they come from, and that no error shows one."""

import json
from pathlib import Path

import pytest

from shared.errors import Misconfigured
from shared.process.keys import KEY_FILE, ROLES, load_keys, load_role, make_key_file

NONE: dict[str, tuple[str, ...] | None] = dict.fromkeys(ROLES)
GIVEN: dict[str, tuple[str, ...] | None] = {role: (f"{role}-key-of-the-environment",) for role in ROLES}


def refusal(directory: Path, **given: tuple[str, ...] | None) -> Misconfigured:
    with pytest.raises(Misconfigured) as caught:
        load_keys(directory, GIVEN | given)
    return caught.value


def test_keys_are_made_once_and_can_be_used(tmp_path: Path) -> None:
    assert make_key_file(tmp_path)
    made = load_keys(tmp_path, NONE)
    assert not make_key_file(tmp_path)
    assert load_keys(tmp_path, NONE) == made
    assert len({*made.write, *made.ops, *made.crm}) == 3


def test_configured_keys_take_precedence_over_the_key_file(tmp_path: Path) -> None:
    make_key_file(tmp_path)
    mixed = load_keys(tmp_path, NONE | {"ops": ("ops-key-of-the-environment",)})
    assert mixed.ops == ("ops-key-of-the-environment",)
    assert mixed.write == load_keys(tmp_path, NONE).write


def test_load_role_needs_only_the_keys_of_the_role(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text(json.dumps({"ops": ["an-ops-key-of-somebody-else"]}))
    assert load_role(tmp_path, NONE, "ops") == ("an-ops-key-of-somebody-else",)
    with pytest.raises(Misconfigured, match="There is no crm key"):
        load_role(tmp_path, NONE, "crm")


@pytest.mark.parametrize("length", [24, 200])
def test_keys_of_minimum_and_maximum_length_are_accepted(tmp_path: Path, length: int) -> None:
    assert load_keys(tmp_path, GIVEN | {"write": ("k" * length,)}).write == ("k" * length,)


@pytest.mark.parametrize("length", [1, 23, 201, 100_000])
def test_a_key_of_another_length_is_refused(tmp_path: Path, length: int) -> None:
    refused = refusal(tmp_path, write=("k" * length,))
    assert refused.code == "key_unusable"
    assert f"Key 1 of FLIPLINE_WRITE_KEYS has {length} characters" in refused.message
    assert "24 to 200" in refused.message


@pytest.mark.parametrize("character", [*" \t\n\r\x00\x7f,:\"'`\\&#%+éñ€", "\ud800"])
def test_an_unsafe_character_in_a_key_is_refused(tmp_path: Path, character: str) -> None:
    key = f"twelve-letters{character}twelve-letters"
    refused = refusal(tmp_path, crm=(*(GIVEN["crm"] or ()), key))
    assert refused.message.startswith("Key 2 of FLIPLINE_CRM_KEYS has a character")
    assert "twelve" not in refused.message


@pytest.mark.parametrize("keys", [(), ("",), ("", "")])
def test_a_variable_without_a_key_is_refused(tmp_path: Path, keys: tuple[str, ...]) -> None:
    """Also if the data directory has keys, since an empty variable is probably a mistake."""
    make_key_file(tmp_path)
    assert refusal(tmp_path, write=keys).message.startswith("FLIPLINE_WRITE_KEYS is empty")


def test_an_empty_key_among_others_is_refused(tmp_path: Path) -> None:
    assert "Key 2 of FLIPLINE_OPS_KEYS is empty" in refusal(tmp_path, ops=(*(GIVEN["ops"] or ()), "")).message


@pytest.mark.parametrize(("first", "second"), [("write", "ops"), ("write", "crm"), ("ops", "crm")])
def test_a_key_in_two_roles_is_refused(tmp_path: Path, first: str, second: str) -> None:
    shared = ("the-same-key-in-two-roles",)
    refused = refusal(tmp_path, **{first: (*(GIVEN[first] or ()), *shared), second: shared})
    assert refused.code == "key_in_two_roles"
    assert f"FLIPLINE_{first.upper()}_KEYS and FLIPLINE_{second.upper()}_KEYS" in refused.message
    assert "the-same-key" not in refused.message


def test_a_key_of_the_environment_that_has_another_role_in_the_file_is_refused(tmp_path: Path) -> None:
    make_key_file(tmp_path)
    taken = load_keys(tmp_path, NONE).ops
    refused = refusal(tmp_path, write=taken, ops=None)
    assert f'FLIPLINE_WRITE_KEYS and "ops" in {tmp_path / KEY_FILE}' in refused.message
    assert taken[0] not in refused.message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b"null",
        b'{"write": "a-secret-string-of-letters"}',
        b'{"write": [["a-secret-string-of-letters"]]}',
        b'{"write": {"a-secret-string-of-letters": 1}}',
        b'{"a-secret-string-of-letters": []}',
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    refused = refusal(tmp_path, write=None)
    assert refused.code == "keys_unreadable"
    assert str(tmp_path / KEY_FILE) in refused.message
    assert "a-secret" not in refused.message
    assert refused.__cause__ is None


@pytest.mark.parametrize("keys", [[], [""], ["short"], ["a-long-key-with-a-blank in-it"]])
def test_an_invalid_key_in_the_key_file_is_refused(tmp_path: Path, keys: list[str]) -> None:
    (tmp_path / KEY_FILE).write_text(json.dumps({"write": keys}))
    refused = refusal(tmp_path, write=None)
    assert f'"write" in {tmp_path / KEY_FILE}' in refused.message


def test_missing_keys_are_refused_with_advice(tmp_path: Path) -> None:
    refused = refusal(tmp_path, crm=None)
    assert refused.code == "keys_missing"
    assert "FLIPLINE_CRM_KEYS" in refused.message
    assert "flipline up" in refused.message
