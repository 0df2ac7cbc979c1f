"""Handing over: sales gets profiles that activations kept back, under the version that is already active.

Nothing is counted or priced anew, and no version takes over. It goes page by page beside live scoring.
A page locks its profiles and rewrites the counts of the new leads unchanged, which raises their revisions.
A batch, the timer or another page may change the same profile at the same moment. Then one of the two waits
for the lock, or finds another revision and runs again: no profile becomes a lead twice.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from sqlalchemy import Connection

from services.scoring.change.flip_diff import FlipDiff, compare
from services.scoring.change.pages import Pages
from services.scoring.change.retirement import Act
from services.scoring.core.counting.tally import day_of
from services.scoring.core.pricing.appraisal import State, appraise_all
from services.scoring.core.pricing.flip import Cycle, latest_cycle, qualify
from services.scoring.core.pricing.price import columns_of
from services.scoring.core.profiles.linking import Profile
from services.scoring.matrix.version import Version
from services.scoring.store import counts, cycles, former, handovers, profile_locks, scores, traits
from services.scoring.store.handovers import Handover
from services.scoring.store.lifecycle import state_of
from services.scoring.store.models import lock_active_versions
from services.scoring.store.vocabulary import active_version_of, model_unknown
from shared.database import outbox
from shared.database.engine import Database
from shared.errors import Conflict, Unavailable
from shared.events import LEADS, MATRICES, LeadQualified, encode
from shared.ids import derived_id
from shared.log.port import Record
from shared.model_events import LeadsHandedOver
from shared.process.clock import Clock

Status = Literal[
    "handed_over",
    "already_handed_over",
    "not_kept_back",
    "excluded",
    "waiting_for_data",
    "below",
    "profile_unknown",
]
PAGE: Final = 1_000


class HandOverResult(NamedTuple):
    """What became of a requested profile: its lead, or why it has none."""

    status: Status
    profile_id: str | None = None
    lead_id: str | None = None


class _Page(NamedTuple):
    verdicts: Mapping[str, HandOverResult]
    handover: Handover


class HandingOver:
    """One hand-over in a model; the ids of its events derive from its `id`."""

    def __init__(self, database: Database, clock: Clock, model: str, act: Act, id: str) -> None:
        self._database = database
        self._clock = clock
        self._model = model
        self._act = act
        self._id = id
        self._pages = Pages(database, PAGE)

    async def named(self, profile_ids: Sequence[str]) -> tuple[int, list[HandOverResult]]:
        """Hand over the profiles of these ids that were kept back.

        Ids from before a merge or a renewal are followed.

        Returns the active version and what became of each id, in their order. Raises NotFound without
        such a model, Conflict when it is retired, Unavailable when live scoring keeps disturbing the pages.
        """

        def meant(connection: Connection) -> tuple[Version, Mapping[str, str]]:
            return _scoring(connection, self._model), former.led_to(connection, profile_ids)

        version, led_to = await self._database.read(meant)
        ids = [led_to.get(profile_id, profile_id) for profile_id in profile_ids]
        verdicts: dict[str, HandOverResult] = {}
        await self._go_through(version, list(dict.fromkeys(ids)), verdicts, kept_back_alone=True)
        return version.number, [verdicts.get(i, HandOverResult("profile_unknown")) for i in ids]

    async def all_qualified(self, number: int) -> FlipDiff:
        """Hand over all profiles that qualify under the active version, `number`, and have no lead.

        They are the profiles kept back and those waiting for a human interaction. Returns the flip-diff as of
        the moment before, with the number of new leads. Raises as `named`, and Conflict if another version is
        active.
        """

        def qualified(connection: Connection) -> tuple[Version, FlipDiff, Sequence[str]]:
            version = _scoring(connection, self._model)
            _check_number(version, number)
            diff = compare(connection, version, version)
            return version, diff, scores.qualified_without_lead(connection, version, kept_back=True)

        version, diff, profile_ids = await self._database.read(qualified)
        diff.handed_over_now = await self._go_through(version, profile_ids, {}, kept_back_alone=False)
        return diff

    async def _go_through(
        self,
        version: Version,
        profile_ids: Sequence[str],
        verdicts: dict[str, HandOverResult],
        *,
        kept_back_alone: bool,
    ) -> int:
        """Hand over the profiles page by page, add each verdict, and return the number of new leads."""
        now = self._clock.now()
        so_far = Handover(
            self._id, self._model, version.number, self._act.author, self._act.note, now, now,
            done=0, total=len(profile_ids), handed_over=0,
        )  # fmt: skip

        def page(connection: Connection, size: int) -> _Page:
            ids = profile_ids[so_far.done : so_far.done + size]
            return self._page(connection, ids, so_far, kept_back_alone=kept_back_alone)

        while so_far.done < so_far.total:
            try:
                found, so_far = await self._pages.take(page)
            except (Conflict, Unavailable) as error:
                if not so_far.handed_over:
                    raise
                message = f"{error.message} {so_far.handed_over:,} were handed over until then."
                raise type(error)(error.code, message) from error
            verdicts |= found
            await self._pages.let_others_write()
        return so_far.handed_over

    def _page(
        self, connection: Connection, ids: Sequence[str], so_far: Handover, *, kept_back_alone: bool
    ) -> _Page:
        lock_active_versions(connection)
        version = _scoring(connection, self._model)
        _check_number(version, so_far.version)
        now = self._clock.now()
        profiles = profile_locks.lock(connection, ids, set(ids))
        known = traits.known(connection, profiles)
        past = cycles.read(connection, profiles)
        inputs = [known[profile.id] for profile in profiles]
        appraisals = appraise_all(inputs, columns_of(inputs, version.matrix), version.matrix, day_of(now))
        verdict_of: dict[str, HandOverResult] = {}
        leads: list[LeadQualified] = []
        for profile, appraisal in zip(profiles, appraisals, strict=True):
            past_cycles = past.get((profile.id, self._model), ())
            verdict = _judge(profile, past_cycles, appraisal.state, kept_back_alone=kept_back_alone)
            if verdict.status == "handed_over":
                cycle = latest_cycle(past_cycles)
                lead = qualify(profile, known[profile.id], version, cycle=cycle, at=now)
                leads.append(lead)
                verdict = verdict._replace(lead_id=lead.lead_id)
            verdict_of |= dict.fromkeys(profile.identities, verdict)
        handed_over = {lead.profile_id for lead in leads}
        # A batch takes no lock for a profile with one identity, but it notices the new revision.
        unchanged = {
            profile.id: profile.counts_of(profile.id) for profile in profiles if profile.id in handed_over
        }
        counts.write(connection, unchanged)
        cycles.hand_over(connection, leads)
        outbox.put(connection, self._records(leads, so_far))
        so_far = so_far._replace(
            moved_at=now, done=so_far.done + len(ids), handed_over=so_far.handed_over + len(leads)
        )
        # A hand-over without a lead has changed nothing, so it is stored only while it runs.
        if so_far.handed_over or not kept_back_alone:
            handovers.write(connection, so_far)
        return _Page({i: verdict_of[i] for i in ids if i in verdict_of}, so_far)

    def _records(self, leads: Sequence[LeadQualified], so_far: Handover) -> list[Record]:
        """Return the records for the log: each lead, and who asked for the hand-over, when and why."""
        if not leads:
            return []
        event = LeadsHandedOver(
            id=derived_id("evt", self._id, so_far.done, "handed_over"),
            model=self._model,
            version=so_far.version,
            leads=tuple(lead.lead_id for lead in leads),
            author=self._act.author,
            handed_over_at=leads[0].qualified_at,
            note=self._act.note,
        )
        of_leads = [Record(LEADS, lead.profile_id, encode(lead)) for lead in leads]
        return [*of_leads, Record(MATRICES, self._model, encode(event))]


def _judge(
    profile: Profile, past_cycles: Sequence[Cycle], state: State, *, kept_back_alone: bool
) -> HandOverResult:
    """Return what becomes of a profile; `handed_over` means that it is to become a lead now."""
    with_lead = [cycle for cycle in past_cycles if cycle.lead_id]
    if with_lead:
        latest = max(with_lead, key=lambda cycle: cycle.number)
        return HandOverResult("already_handed_over", profile.id, latest.lead_id)
    if state != "qualified":
        return HandOverResult(state, profile.id)
    if kept_back_alone and not past_cycles:
        return HandOverResult("not_kept_back", profile.id)
    return HandOverResult("handed_over", profile.id)


def _scoring(connection: Connection, model: str) -> Version:
    state = state_of(connection, model)
    if state is None:
        raise model_unknown(connection, model)
    if state.retired_at is not None:
        raise Conflict(
            "model_retired",
            f"Model {model} is retired, so no profile is handed over; activate a version first.",
        )
    return active_version_of(connection, model)


def _check_number(version: Version, number: int) -> None:
    if version.number != number:
        raise Conflict(
            "version_changed",
            f"Version {version.number} of {version.model} scores now, not {number}. Ask again for that one.",
        )
