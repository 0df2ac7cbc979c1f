"""What became of all accepted events, compared with what has to become of them."""

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from shared.identity import Identity
from tests.e2e.crowd import MATRIX, MODEL, defined_scores
from tests.oracle.people import Person
from tests.torture.fault import Fault
from tests.torture.scene import Scene

LONGEST_LINE_SHOWN = 500


@dataclass(frozen=True)
class Outcome:
    """One row of the table; `red` is None for a fault that readiness does not report."""

    fault: str
    sent: int
    repeated: int
    accepted: int
    in_ledger: int
    lost: int
    doubled: int
    leads_expected: int
    leads_delivered: int
    red: bool | None
    seconds: float
    complaints: tuple[str, ...]


async def reckon(fault: Fault, scene: Scene, elapsed: Callable[[], float]) -> Outcome:
    """Wait until nothing waits, or patience ends, and compare; `elapsed` returns the time it took."""
    complaints: list[str] = []
    await _as_far_as_it_goes(scene.settled(), "never settled", complaints)
    seconds = elapsed()
    sender = scene.sender
    ledger = await scene.books.ledger()
    sent = {deed.id for deed in sender.deeds}
    lost = sender.accepted - ledger
    expected = defined_scores(sender.deeds)
    actual = await scene.flipline.scores(MODEL)
    doubled = sum(score > expected.get(person, 0) for person, score in actual.items())
    short = sum(actual.get(person, 0) < score for person, score in expected.items())
    flipped = {person for person, score in expected.items() if score >= MATRIX["flip_number"]}
    delivered = _leads_by_person(scene)
    complaints += _complaints(
        {
            "events never accepted": len(sent - sender.accepted),
            "events refused": sender.refused.total(),
            "events lost": len(lost),
            "events in the ledger that nobody sent": len(ledger - sent),
            "profiles with too high a score": doubled,
            "profiles with too low a score": short,
            "flips of which sales never heard": len(flipped - delivered.keys()),
            "leads of somebody who did not flip": len(delivered.keys() - flipped),
            "people who became several leads": sum(len(ids) > 1 for ids in delivered.values()),
            "leads told under several webhook ids": _several_messages(scene),
            "endpoints that missed a lead": _endpoints_that_missed(scene),
            "dead letters": await scene.books.parked(),
        }
    )
    complaints += [f"somebody is named in public: {line}" for line in _lines_with_names(scene)]
    if fault.turns_red and not scene.red_answers:
        complaints.append("readiness never told of it")
    code, printed = await scene.command("replay", "--check")
    if fault.log_is_whole and code:
        complaints.append(f"replay --check found differences:\n{printed}")
    if not fault.log_is_whole and not code:
        complaints.append("replay --check did not see that the log has lost events")
    return Outcome(
        fault=fault.name,
        sent=len(sent),
        repeated=sender.repeats,
        accepted=len(sender.accepted),
        in_ledger=len(sender.accepted & ledger),
        lost=len(lost),
        doubled=doubled,
        leads_expected=len(flipped),
        leads_delivered=len({lead_id for ids in delivered.values() for lead_id in ids}),
        red=bool(scene.red_answers) if fault.turns_red else None,
        seconds=seconds,
        complaints=tuple(complaints),
    )


async def _as_far_as_it_goes(work: Awaitable[None], otherwise: str, complaints: list[str]) -> None:
    # Patience ends if something is lost; the tables then show what.
    try:
        await work
    except AssertionError as never:
        complaints.append(f"{otherwise}: {never}")


def _complaints(counted: dict[str, int]) -> Iterator[str]:
    return (f"{number} {problem}" for problem, number in counted.items() if number)


def _leads_by_person(scene: Scene) -> dict[Person, set[str]]:
    """Return the ids of the leads that the receiver got for each person, by the set of the person's names."""
    persons = defined_scores(scene.sender.deeds)
    person_of = {name: person for person in persons for name in person}
    leads: dict[Person, set[str]] = defaultdict(set)
    for request in scene.crm.received:
        lead = request.json["data"]
        known_as = lead["identities"][0]
        leads[person_of[Identity(known_as["kind"], known_as["value"])]].add(lead["lead_id"])
    return leads


def _endpoints_that_missed(scene: Scene) -> int:
    by_path: dict[str, set[str]] = defaultdict(set)
    for request in scene.crm.received:
        by_path[request.path].add(request.json["data"]["lead_id"])
    everything = set().union(*by_path.values())
    return sum(leads != everything for leads in by_path.values())


def _several_messages(scene: Scene) -> int:
    messages: dict[str, set[str]] = defaultdict(set)
    for request in scene.crm.received:
        messages[f"{request.path} {request.json['data']['lead_id']}"].add(request.id)
    return sum(len(ids) > 1 for ids in messages.values())


def _lines_with_names(scene: Scene) -> Iterator[str]:
    """Yield the lines of logs and readiness that contain a name of a person."""
    names = {value for deed in scene.sender.deeds for _, value in deed.names}
    name_pattern = re.compile("|".join(map(re.escape, names)))
    outputs = [process.all_output() for process in scene.flipline.processes.values()]
    for line in "\n".join([*outputs, *scene.red_answers]).splitlines():
        if name_pattern.search(line):
            yield line[:LONGEST_LINE_SHOWN]
