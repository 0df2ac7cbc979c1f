"""The difference between two versions of a matrix, in a form for readers.

Rules, trait rules and groups are matched by their id, so their order does not matter.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.rules import Rule, TraitRule
from shared.conditions import explain, fingerprint

Json = Mapping[str, Any]
# Writing a default out changes nothing.
_DEFAULTS: Json = {"label": "", "machine": "exclude", "audience": "sales"}
_NOTHING: Json = {}


@dataclass(frozen=True)
class Change:
    """One change: the path, the value before and after as JSON (None if absent), and the change in words.

    With `needs_counting` the ledger has to be counted for it; otherwise the existing counts only have to be
    priced anew.
    """

    path: str
    kind: Literal["added", "removed", "changed"]
    before: Any
    after: Any
    text: str
    needs_counting: bool = False


def difference(before: Matrix | None, after: Matrix) -> list[Change]:
    """Return what changed, in the order of the matrix; without `before` everything is added."""
    old = before.canonical() if before else _NOTHING
    new = after.canonical()
    return [
        *_value("flip_number", "flip number", old.get("flip_number"), new.get("flip_number")),
        *_values("stages", "stage ", old, new),
        *_rules("rules", before.rules if before else [], after.rules, old, new),
        *_rules("traits", before.traits if before else [], after.traits, old, new),
        *_groups(old.get("groups", _NOTHING), new.get("groups", _NOTHING)),
        *_inactivity(old.get("inactivity"), new.get("inactivity")),
        *_values("grades", "grades: ", old, new),
        *_requires(old.get("requires", ()), new.get("requires", ())),
        *_excludes(before, after, old, new),
        *_value("requalify_after", "requalify after", old.get("requalify_after"), new.get("requalify_after")),
        *_value("audience", "audience", _written(old, "audience"), _written(new, "audience")),
        *_value("campaign", "campaign", old.get("campaign"), new.get("campaign")),
        *_values("offer", "offer: ", old, new),
    ]


def _value(
    path: str,
    name: str,
    before: Any,
    after: Any,
    in_words: tuple[str, str] | None = None,
    *,
    counted: bool = True,
) -> Iterator[Change]:
    """Yield the change of one value; `in_words` is both values in words where their JSON is hard to read."""
    if before == after:
        return
    old, new = in_words or (_in_words(before), _in_words(after))
    needs_counting = not counted
    if before is None:
        yield Change(path, "added", before, after, f"{name} {new} added", needs_counting)
    elif after is None:
        yield Change(path, "removed", before, after, f"{name} {old} removed", needs_counting)
    else:
        yield Change(path, "changed", before, after, f"{name} {old} -> {new}", needs_counting)


def _values(section: str, prefix: str, old: Json, new: Json) -> Iterator[Change]:
    before, after = old.get(section) or _NOTHING, new.get(section) or _NOTHING
    for name in _either(before, after):
        yield from _value(f"{section}.{name}", f"{prefix}{name}", before.get(name), after.get(name))


def _rules(
    section: str, before: Sequence[Rule | TraitRule], after: Sequence[Rule | TraitRule], old: Json, new: Json
) -> Iterator[Change]:
    old_rules, new_rules = ({rule.id: rule for rule in side} for side in (before, after))
    old_json, new_json = ({rule["id"]: rule for rule in side.get(section, ())} for side in (old, new))
    keys = {rule.count_key for rule in before if isinstance(rule, Rule)}
    for id_ in _either(old_rules, new_rules):
        path = f"{section}.{id_}"
        rule_before, rule_after = old_rules.get(id_), new_rules.get(id_)
        if rule_after is None:
            words = _priced(old_rules[id_], old_json[id_])
            yield Change(path, "removed", old_json[id_], None, f"{id_}: removed, it gave {words}")
            continue
        counted = not isinstance(rule_after, Rule) or rule_after.count_key in keys
        if rule_before is None:
            words = _priced(rule_after, new_json[id_])
            yield Change(path, "added", None, new_json[id_], f"{id_}: added, {words}", not counted)
        else:
            yield from _rule(path, (rule_before, rule_after), old_json[id_], new_json[id_], counted=counted)


def _rule(
    path: str, rules: tuple[Rule | TraitRule, Rule | TraitRule], old: Json, new: Json, *, counted: bool
) -> Iterator[Change]:
    name = rules[0].id
    yield from _value(f"{path}.label", f"{name}: label", _written(old, "label"), _written(new, "label"))
    before, after = (rule.when for rule in rules)
    if fingerprint(before, None) != fingerprint(after, None):
        in_words = (explain(before), explain(after))
        yield from _value(
            f"{path}.when", f"{name}: asks for", old["when"], new["when"], in_words, counted=counted
        )
    for field in ("points", "limit", "cap", "half_life", "window"):
        asks_by_other = field == "limit" and _by(old) != _by(new)
        yield from _value(
            f"{path}.{field}",
            f"{name}: {field.replace('_', ' ')}",
            _stated(old.get(field)),
            _stated(new.get(field)),
            counted=counted or not asks_by_other,
        )
    machine = (_written(old, "machine"), _written(new, "machine"))
    yield from _value(f"{path}.machine", f"{name}: machine", *machine, counted=counted)


def _by(rule: Json) -> str | None:
    return (rule.get("limit") or _NOTHING).get("by")


def _groups(before: Json, after: Json) -> Iterator[Change]:
    for name in _either(before, after):
        path, old, new = f"groups.{name}", before.get(name), after.get(name)
        if old is None or new is None:
            yield _whole(path, f"group {name}", old, new, _group_in_words(old or new or _NOTHING))
            continue
        yield from _value(f"{path}.cap", f"group {name}: cap", old["cap"], new["cap"])
        if set(old["rules"]) != set(new["rules"]):
            yield from _value(f"{path}.rules", f"group {name}: rules", old["rules"], new["rules"])


def _inactivity(before: Json | None, after: Json | None) -> Iterator[Change]:
    if before is not None and after is not None:
        for field in ("after", "points", "every", "floor"):
            yield from _value(
                f"inactivity.{field}", f"inactivity: {field}", before.get(field), after.get(field)
            )
    elif before is not None or after is not None:
        yield _whole("inactivity", "inactivity", before, after, _taken(before or after or _NOTHING))


def _whole(path: str, name: str, before: Json | None, after: Json | None, words: str) -> Change:
    if before is None:
        # Human interactions are counted only for a model that takes points for inactivity.
        return Change(path, "added", None, after, f"{name}: added, {words}", path == "inactivity")
    return Change(path, "removed", before, None, f"{name}: removed, it gave {words}")


def _requires(before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    for name in dict.fromkeys((*after, *before)):
        if name not in before:
            yield Change(f"requires.{name}", "added", None, name, f"{name}: now required")
        elif name not in after:
            yield Change(f"requires.{name}", "removed", name, None, f"{name}: no longer required")


def _excludes(before: Matrix | None, after: Matrix, old: Json, new: Json) -> Iterator[Change]:
    were, are = (
        {
            fingerprint(condition, None): (explain(condition), written)
            for condition, written in zip(matrix.excludes, json.get("excludes", ()), strict=True)
        }
        if matrix
        else {}
        for matrix, json in ((before, old), (after, new))
    )
    for key in _either(were, are):
        if key not in were:
            yield Change("excludes", "added", None, are[key][1], f"now excluded: {are[key][0]}")
        elif key not in are:
            yield Change("excludes", "removed", were[key][1], None, f"no longer excluded: {were[key][0]}")


def _either(before: Mapping[str, Any], after: Mapping[str, Any]) -> Collection[str]:
    """Return the names on either side, those of `after` first."""
    return dict.fromkeys((*after, *before))


def _written(json: Json, name: str) -> Any:
    return json.get(name, _DEFAULTS[name])


def _stated(value: Any) -> Any:
    """Return a value without its nulls, which mean the same as absence."""
    if isinstance(value, dict):
        return {name: part for name, part in value.items() if part is not None}
    return value


def _priced(rule: Rule | TraitRule, json: Json) -> str:
    terms = [f"{_points(json['points'])} for {explain(rule.when)}"]
    if limit := json.get("limit"):
        terms.append(_in_words(limit))
    terms += [
        f"{name} {_in_words(json[field])}"
        for field, name in (("cap", "at most"), ("half_life", "half after"), ("window", "for"))
        if json.get(field) is not None
    ]
    return ", ".join(terms)


def _group_in_words(group: Json) -> str:
    return f"at most {_points(group['cap'])} for {_in_words(group['rules'])}"


def _taken(inactivity: Json) -> str:
    terms = [f"{_points(inactivity['points'])} after {inactivity['after']}"]
    terms += [
        f"{name} {_in_words(inactivity[field])}"
        for field, name in (("every", "again every"), ("floor", "down to"))
        if inactivity.get(field) is not None
    ]
    return ", ".join(terms)


def _points(points: float) -> str:
    return f"{_in_words(points)} point{'' if abs(points) == 1 else 's'}"


def _in_words(value: Any) -> str:
    match value:
        case float() | int():
            return f"{value:.10g}"
        case list():
            return ", ".join(_in_words(part) for part in value)
        case {"times": times, "per": per}:
            by = value.get("by")
            return f"{times} {'ever' if per == 'ever' else f'per {per}'}{f' by {by}' if by else ''}"
        case _:
            return str(value) or "none"
