"""Whether a value has exactly the shape that a schema in an API description has."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

# A schema may open an object with additionalProperties; any other takes what it names and nothing more.
_ANNOTATIONS = {"title", "description", "examples"}
_CHECKED = {
    "type", "format", "const", "enum", "properties", "required", "additionalProperties", "items"
}  # fmt: skip
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "null": (type(None),),
    "array": (list,), "object": (dict,),
}  # fmt: skip


def differences(document: Any, schema: Any, value: Any, path: str = "") -> Iterator[str]:
    """Yield how a value differs from a schema of the document, with the path of each difference."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].removeprefix("#/components/schemas/")]
    if "anyOf" in schema:
        if all(any(differences(document, alternative, value)) for alternative in schema["anyOf"]):
            yield f"{path}: no alternative fits"
        return
    if unchecked := schema.keys() - _ANNOTATIONS - _CHECKED:
        raise NotImplementedError(f"{path}: {unchecked}")
    if type(value) not in _TYPES[schema["type"]]:
        yield f"{path}: is no {schema['type']}"
    elif isinstance(value, dict):
        yield from _of_object(document, schema, value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from differences(document, schema["items"], item, f"{path}.{index}")
    elif not _is_allowed(schema, value):
        yield f"{path}: {value!r} is not allowed"


def _of_object(document: Any, schema: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    if not schema.get("additionalProperties"):
        yield from (f"{path}.{name}: is not described" for name in value.keys() - properties.keys())
    yield from (f"{path}.{name}: is missing" for name in set(schema.get("required", ())) - value.keys())
    for name in value.keys() & properties.keys():
        yield from differences(document, properties[name], value[name], f"{path}.{name}")


def _is_allowed(schema: Any, value: Any) -> bool:
    fits = value in schema.get("enum", [value]) and value == schema.get("const", value)
    return fits and _has_format(value, schema.get("format"))


def _has_format(value: Any, name: str | None) -> bool:
    try:
        match name:
            case None:
                return True
            case "date":
                return date.fromisoformat(value).isoformat() == value
            case "date-time":
                return datetime.fromisoformat(value).tzinfo is not None
            case _:
                raise NotImplementedError(name)
    except ValueError:
        return False
