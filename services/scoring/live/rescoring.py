"""Rescoring: after any change of profiles, their scores now, and the stage changes and leads that follow."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from services.scoring.core.counting.tally import day_of
from services.scoring.core.pricing.appraisal import BELOW, QUALIFIED, Appraisal, appraise, appraise_all
from services.scoring.core.pricing.flip import next_cycle, qualify
from services.scoring.core.pricing.price import ScoreInput, columns_of
from services.scoring.core.profiles.linking import Profile
from services.scoring.core.revised import Revised
from services.scoring.live.lookup import own_cycles
from services.scoring.live.stage_changes import Rescored, stage_changes
from services.scoring.store import cycles, ledger, profile_locks, scores, traits
from services.scoring.store.models import Active
from services.scoring.store.profiles import find
from services.scoring.store.scores import ScoreKey
from shared.database import outbox
from shared.events import LEADS, LeadQualified, encode
from shared.log.port import Record

_NO_PROFILES: Final[Mapping[str, datetime]] = {}


class RescoringResult(NamedTuple):
    """The new leads, and the number of stored scores that changed."""

    leads: Sequence[LeadQualified] = ()
    changed: int = 0


def rescore(
    connection: Connection,
    profiles: Collection[Profile],
    matrices: Active,
    now: datetime,
    *,
    acted: Mapping[str, datetime] = _NO_PROFILES,
    only_touched: Collection[str] = (),
    removed: Collection[str] = (),
    in_doubt: bool = False,
) -> RescoringResult:
    """Price the profiles in all versions, store the scores, publish stage changes and new leads.

    A profile that qualifies and did not before becomes a lead, also when only a trait or time caused it. A
    profile that an activation kept back stays so until a new human interaction, also after a merge with
    a profile that did not qualify: `acted` is when each profile last did something (new profiles: now),
    by its id, and an interaction from before the version's activation is not new. `removed` are ids that have
    stopped being profiles.

    `only_touched` are ids of profiles that had only touches. A touch releases no lead: a profile that reaches
    the flip number by it waits for a human interaction.

    With `in_doubt` the stored scores may be wrong, and do not prove that a profile did not qualify before: a
    profile that qualified on the day of the version's activation, and has had no human interaction since, was
    kept back then, and stays so.
    """
    everyone = list(profiles)
    before = scores.read(connection, [*(profile.id for profile in everyone), *removed], matrices.all)
    scores.drop_profiles(connection, removed)
    if not everyone or not matrices.all:
        return RescoringResult()
    # A sender can set any number of traits, and matrices ask for few of them.
    known = traits.known(connection, everyone, matrices.needed_traits)
    all_rescored = list(_rescored(everyone, known, matrices, before, day_of(now)))
    changed = {
        ScoreKey(rescored.profile.id, rescored.version.model, rescored.version.number): Revised(
            rescored.now, rescored.before.revision if rescored.before else 0
        )
        for rescored in all_rescored
        if rescored.before is None or rescored.before.value != rescored.now
    }
    scores.write(connection, changed)
    live = [
        rescored
        for rescored in all_rescored
        if matrices.versions.get(rescored.version.model) == rescored.version
    ]
    reached = [
        rescored
        for rescored in live
        if rescored.now.state == QUALIFIED
        and _may_flip(rescored, acted, matrices.since, was_touched=rescored.profile.id in only_touched)
    ]
    if in_doubt:
        reached = _not_kept_back(connection, reached, matrices.since)
    leads = _flip(connection, reached, now)
    records = [Record(LEADS, event.profile_id, encode(event)) for event in stage_changes(live, acted, now)]
    records += [Record(LEADS, lead.profile_id, encode(lead)) for lead in leads]
    outbox.put(connection, records)
    return RescoringResult(leads, len(changed))


def rescore_profiles(
    connection: Connection,
    profile_ids: Sequence[str],
    matrices: Active,
    now: datetime,
    *,
    in_doubt: bool = False,
) -> RescoringResult:
    """Rescore profiles without new interactions, locked so that no worker merges or counts them meanwhile.

    The caller has locked the active versions. Raises Unavailable if a live batch changed one of the profiles.
    """
    profiles = profile_locks.lock(connection, profile_ids, set(profile_ids))
    removed = set(profile_ids) - {profile.id for profile in profiles}
    result = rescore(connection, profiles, matrices, now, removed=removed, in_doubt=in_doubt)
    profile_locks.confirm(connection, profiles)
    return result


def hand_over_newly_qualified(
    connection: Connection, newly: Collection[tuple[str, str]], matrices: Active, now: datetime
) -> Sequence[LeadQualified]:
    """Make leads of profiles that newly qualify in a model, each given as (profile id, model).

    The rules are those of `rescore` with `in_doubt` and without interactions, except that no stage change is
    published: the tables were wrong, and that says nothing new about a profile. No other writer may change
    the tables.
    """
    profiles = find(connection, sorted({profile_id for profile_id, _ in newly}))
    known = traits.known(connection, profiles, matrices.needed_traits)
    live = Active(matrices.versions, since=matrices.since)
    reached = [
        rescored
        for rescored in _rescored(profiles, known, live, {}, day_of(now))
        if rescored.now.state == QUALIFIED and (rescored.profile.id, rescored.version.model) in newly
    ]
    leads = _flip(connection, _not_kept_back(connection, reached, matrices.since), now)
    outbox.put(connection, [Record(LEADS, lead.profile_id, encode(lead)) for lead in leads])
    return leads


def _rescored(
    profiles: Sequence[Profile],
    known: Mapping[str, ScoreInput],
    matrices: Active,
    before: Mapping[ScoreKey, Revised[Appraisal]],
    day: int,
) -> Iterator[Rescored]:
    inputs = [known[profile.id] for profile in profiles]
    columns = columns_of(inputs, *(version.matrix for version in matrices.all))
    for version in matrices.all:
        model, number = version.model, version.number
        appraisals = appraise_all(inputs, columns, version.matrix, day)
        for profile, score_input, now in zip(profiles, inputs, appraisals, strict=True):
            were = {
                i: stored
                for i in profile.identities
                if (stored := before.get(ScoreKey(i, model, number))) is not None
            }
            appraisals_before = [stored.value for stored in were.values()]
            yield Rescored(profile, score_input, version, were.get(profile.id), appraisals_before, now)


def _flip(connection: Connection, reached: Sequence[Rescored], now: datetime) -> list[LeadQualified]:
    if not reached:
        return []
    past = cycles.read(connection, [rescored.profile for rescored in reached])
    flips: list[tuple[Rescored, int]] = []
    for rescored in reached:
        past_cycles = past.get((rescored.profile.id, rescored.version.model), ())
        own = own_cycles(connection, rescored.profile, past_cycles)
        number = next_cycle(own, rescored.version, now, taken=past_cycles)
        if number is not None:
            flips.append((rescored, number))
    if not flips:
        return []
    # A lead contains all traits, and the batch has read only those that matrices ask for.
    histories = traits.read(connection, [rescored.profile for rescored, _ in flips])
    leads = [
        qualify(
            rescored.profile,
            rescored.known._replace(traits=histories[rescored.profile.id]),
            rescored.version,
            cycle=cycle,
            at=now,
        )
        for rescored, cycle in flips
    ]
    cycles.open_cycles(connection, leads)
    return leads


def _not_kept_back(
    connection: Connection, reached: Iterable[Rescored], since: Mapping[str, datetime]
) -> list[Rescored]:
    found: list[Rescored] = []
    for rescored in reached:
        began = since.get(rescored.version.model)
        if began is not None:
            then = appraise(rescored.known, rescored.version.matrix, day_of(began))
            if then.state == QUALIFIED and not ledger.acted_since(
                connection, sorted(rescored.profile.identities), began
            ):
                continue
        found.append(rescored)
    return found


def _may_flip(
    rescored: Rescored, acted: Mapping[str, datetime], since: Mapping[str, datetime], *, was_touched: bool
) -> bool:
    acted_at = acted.get(rescored.profile.id)
    if any(was.state == QUALIFIED for was in rescored.were):
        return acted_at is not None and acted_at >= since.get(rescored.version.model, acted_at)
    if was_touched:
        # A touch may bring the traits that were all that was missing.
        return any(was.state != BELOW for was in rescored.were)
    return acted_at is not None or bool(rescored.were)
