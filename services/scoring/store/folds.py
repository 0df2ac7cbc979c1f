"""The fold that built the tables, stored with them."""

import sqlalchemy as sa

from services.scoring.core.fold import BEFORE_FOLDS_WERE_KEPT, Fold
from services.scoring.store.fold_tables import folds
from services.scoring.store.tables import ledger
from shared.database import bulk

_SCORING = "scoring"
_IS_EMPTY = ~sa.exists().select_from(ledger)


def built_by(connection: sa.Connection) -> Fold | None:
    """Return the fold that built the tables, None while they are empty."""
    rows = sa.select(folds.c.number, folds.c.forms, folds.c.limits).where(folds.c.projection == _SCORING)
    row = connection.execute(rows).one_or_none()
    if row is not None:
        return Fold(*row)
    is_empty = connection.execute(sa.select(_IS_EMPTY)).scalar_one()
    return None if is_empty else Fold(BEFORE_FOLDS_WERE_KEPT, "", "")


def write(connection: sa.Connection, fold: Fold) -> None:
    """Store which fold has built the tables."""
    bulk.upsert(connection, folds, [{"projection": _SCORING, **fold._asdict()}])


class Stamp:
    """Stores the fold in the first transaction that fills the tables."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._is_there = False

    def put(self, connection: sa.Connection) -> None:
        """Store the fold if none is stored; a process stops asking once a transaction has read one."""
        if self._is_there:
            return
        if built_by(connection) is not None:
            # Only after a read: a transaction that writes the fold may be rolled back.
            self._is_there = True
            return
        row = {"projection": _SCORING, **self._fold._asdict()}
        bulk.insert_new(connection, folds, "projection", [row])
