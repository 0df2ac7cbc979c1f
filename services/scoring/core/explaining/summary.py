"""A summary of why a profile became a lead or did not, in a few sentences. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date

from services.scoring.core.explaining.lines import Without
from services.scoring.core.explaining.suggesting import joined
from services.scoring.core.explaining.why import KEPT_BACK, LEAD, Why
from services.scoring.core.pricing.flip import Cycle


def summary(why: Why) -> str:
    """Return the answer in plain English."""
    return " ".join(_sentences(why))


def _sentences(why: Why) -> Iterator[str]:
    yield from _outcome(why)
    if why.without is not None and (why.flipped or why.excluded_by is None):
        yield _without(why, why.without)
    if why.score < why.question.version.matrix.flip_number and why.excluded_by is None:
        yield why.suggestions.text or "No single rule would make up for it on that day."
    yield from _cycles(why)


def _outcome(why: Why) -> Iterator[str]:
    question, cycle = why.question, why.question.cycle
    model, version = question.version.model, _version(why)
    if cycle is not None and why.status == LEAD:
        yield (
            f"This profile became a lead of {model} on {cycle.flipped_at.date()} under version "
            f"{cycle.version} (cycle {cycle.number})."
        )
    elif cycle is not None and why.status == KEPT_BACK:
        yield (
            f"This profile flipped on {cycle.flipped_at.date()} under version {cycle.version}, and the "
            f"activation of that version kept it from sales: there is no lead. An activation with handoff "
            f"`all`, or POST /v1/models/{model}/handoff, hands it over."
        )
    elif why.status == "waiting_for_activity":
        yield (
            f"This profile qualifies for {model}, and sales has no lead of it yet: it qualified when "
            f"{version} came to score, and becomes a lead with the next thing that it does."
        )
    elif why.status == "qualified":
        yield f"Under {version} this profile would be a lead of {model} on {_on(question.day)}."
    else:
        yield f"This profile is no lead of {model} on {_on(question.day)} under {version}."
    yield from _standing(why)


def _standing(why: Why) -> Iterator[str]:
    flip_number = f"{why.question.version.matrix.flip_number:.10g}"
    then = f" at the end of {_on(why.question.day)}" if why.question.of_flip else ""
    score = f"The score is {why.score:.10g}{then}"
    reaches = why.score >= why.question.version.matrix.flip_number
    if reaches:
        yield f"{score}, and the flip number is {flip_number}."
    else:
        since = ", by what counts now" if why.question.of_flip else ""
        yield f"{score}{since}: {_points(why.points_missing)} fewer than the flip number {flip_number}."
    if why.status in {LEAD, KEPT_BACK}:
        if why.excluded_by is not None:
            yield f"By the end of that day an exclusion held: {why.excluded_by}."
        return
    if why.excluded_by is not None:
        whatever = "" if reaches else ", whatever the score"
        yield f"An exclusion keeps it from sales{whatever}: {why.excluded_by}."
    if why.missing:
        names = ", ".join(f"`{name}`" for name in why.missing)
        yield f"Sales gets it only when {names} {'is' if len(why.missing) == 1 else 'are'} known."


def _without(why: Why, without: Without) -> str:
    labels = [line.label for line in why.lines if line.index in why.chosen]
    gives, pronoun = ("gives", "it") if len(labels) == 1 else ("give", "them")
    others = f", the other lines {without.others:.10g}" if without.others else ""
    changes = [
        f"{line.label} takes {_points(abs(line.points))} {'less' if line.points > 0 else 'more'}"
        for line in without.changes
        if line.kind != "rounding"
    ]
    then = "".join(f"{change}, and " for change in changes)
    return (
        f"{joined(labels, 'and')} {gives} {_points(without.chosen)}{others}. "
        f"Without {pronoun} {then}the score would be {without.score:.10g}, below the flip number."
    )


def _cycles(why: Why) -> Iterator[str]:
    cycle, question = why.question.cycle, why.question
    if cycle is not None and why.status not in {LEAD, KEPT_BACK}:
        result = "was kept from sales" if cycle.lead_id is None else "became a lead"
        of_cycle = f"under version {cycle.version} (cycle {cycle.number})"
        yield f"It {result} on {cycle.flipped_at.date()} {of_cycle}."
    if cycle is not None and cycle.lead_id is not None:
        yield (
            "It does not become a lead again: the matrix has no `requalify_after`."
            if question.next_from is None
            else f"It can become a lead again from {_on(question.next_from)} on (`requalify_after`)."
        )
    if question.others:
        yield _parted(question.others)


def _parted(others: Sequence[Cycle]) -> str:
    days = ", ".join(sorted({str(cycle.flipped_at.date()) for cycle in others}))
    return (
        f"The flip of {days} is that of other identities, which were taken for this profile's then and have "
        "been separated since."
    )


def _points(points: float) -> str:
    return f"{points:.10g} {'point' if points == 1 else 'points'}"


def _version(why: Why) -> str:
    if why.question.is_draft:
        return "the draft"
    number = f"version {why.question.version.number}"
    return number if why.question.scores_now else f"{number}, which does not score now"


def _on(day: int) -> str:
    return date.fromordinal(day).isoformat()
