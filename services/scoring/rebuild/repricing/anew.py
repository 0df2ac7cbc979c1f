"""Every profile priced again, page by page, beside live scoring.

For scores that were stored while a machine's clock was wrong: their due day is by that clock, and until then
the timer leaves them alone. Repricing follows the rules of the timer, so running it twice, or again after an
interruption, changes nothing that is right already.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from services.scoring.change.pages import Pages
from services.scoring.live.rescoring import rescore_profiles
from services.scoring.store import all_profiles
from services.scoring.store.models import Active, active, hold
from shared.database.engine import Database
from shared.errors import NotFound
from shared.process.clock import Clock

PAGE: Final = 500


@dataclass
class Repriced:
    """How many profiles were priced, how many scores changed, and the new leads by model."""

    profiles: int = 0
    changed: int = 0
    leads: Counter[str] = field(default_factory=Counter[str])


class Repricing:
    """Prices all profiles in one model, or in all models, under the active versions."""

    def __init__(self, database: Database, clock: Clock, model: str | None) -> None:
        self._database = database
        self._clock = clock
        self._model = model
        self._after = ""
        self.found = Repriced()

    async def run(self, show: Callable[[int, int], None]) -> Repriced:
        """Price all profiles; `show` is called with the number of profiles done and the number of all.

        Raises NotFound when the model has no active version, Unavailable when the database cannot be reached.
        """
        total = await self._database.read(self._number)
        pages = Pages(self._database, PAGE)
        while True:
            page, priced = await pages.take(self._page)
            if not page:
                return self.found
            # Only now, because the page may have been run several times before it was committed.
            self._after = page[-1]
            self.found.profiles += len(page)
            self.found.changed += priced.changed
            self.found.leads += priced.leads
            show(self.found.profiles, max(total, self.found.profiles))
            await pages.let_others_write()

    def _number(self, connection: Connection) -> int:
        """Return how many profiles there are; raises NotFound when the model has no active version."""
        self._of_model(active(connection))
        return all_profiles.number_of_profiles(connection)

    def _page(self, connection: Connection, size: int) -> tuple[list[str], Repriced]:
        hold(connection)
        matrices = self._of_model(active(connection))
        page = all_profiles.ids_after(connection, self._after, size)
        leads, changed = rescore_profiles(connection, page, matrices, self._clock.now(), in_doubt=True)
        return page, Repriced(len(page), changed, Counter(lead.model for lead in leads))

    def _of_model(self, matrices: Active) -> Active:
        if self._model is None:
            return matrices
        if self._model not in matrices.versions:
            raise NotFound("model_unknown", f"There is no active model {self._model}.", "model")
        return Active(
            {self._model: matrices.versions[self._model]},
            tuple(version for version in matrices.prepared if version.model == self._model),
            matrices.since,
        )
