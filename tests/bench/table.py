"""The rows of the report, on the terminal and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One path of the table in README: our figure, the figure of the floor, and the aim."""

    number: int
    path: str
    unit: str
    aim: str
    ours: float | str
    floor: float | None = None
    ratios: Sequence[float] = ()
    """ours over floor, pair by pair, in the order measured"""
    cpu: tuple[float, float] | None = None
    """processor microseconds of ours and of the floor for one event; a busy machine disturbs them least"""
    met: bool | None = None
    remarks: Sequence[str] = ()
    """further lines about ours in the table, such as its memory"""
    details: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def ratio(self) -> float | None:
        """The median of the pairs: both sides of a pair ran in the same seconds on the same machine."""
        return median(self.ratios) if self.ratios else None

    def as_json(self) -> dict[str, Any]:
        """Return the row as the file of results has it."""
        return asdict(self) | {"ratio": self.ratio, "cpu_ratio": self.cpu_ratio}

    @property
    def cpu_ratio(self) -> float | None:
        """The ratio of the processor times."""
        return self.cpu[1] / self.cpu[0] if self.cpu and self.cpu[0] else None


def paired(
    number: int,
    path: str,
    unit: str,
    aim: str,
    pairs: Sequence[tuple[float, float]],
    *,
    at_least: float | None,
    also: float = 0,
    cpu: tuple[float, float] | None,
    remarks: Sequence[str] = (),
    **details: Any,
) -> Row:
    """Return the row of pairs of (ours, floor); `also` is an absolute aim for ours.

    Without `at_least` there is no aim.
    """
    ratios = [ours / floor for ours, floor in pairs]
    ours, floor = (median(side) for side in zip(*pairs, strict=True))
    met = None if at_least is None else median(ratios) >= at_least and ours >= also
    return Row(
        number, path, unit, aim, ours, floor, ratios, cpu, met, remarks, {"pairs": list(pairs), **details}
    )


def render(rows: Sequence[Row], *, title: str) -> Table:
    """Return the table; a ratio carries the range of its pairs."""
    table = Table(title=title, title_justify="left")
    for name in ("path", "ours", "floor", "ratio", "aim"):
        table.add_column(name, justify="left" if name in {"path", "aim"} else "right")
    for row in rows:
        mark = {True: "[green]met[/]", False: "[red]not yet[/]", None: ""}[row.met]
        table.add_row(
            f"{row.number}  {row.path}",
            "\n".join((_figure(row.ours, row.unit), *row.remarks)),
            _figure(row.floor, row.unit) if row.floor is not None else "-",
            _ratio(row),
            f"{row.aim}  {mark}",
        )
    return table


def _figure(value: float | str, unit: str) -> str:
    return f"{value} {unit}" if isinstance(value, str) else f"{value:,.0f} {unit}"


def _ratio(row: Row) -> str:
    if row.ratio is None:
        return "-"
    by_time = f"{row.ratio:.2f} ({min(row.ratios):.2f} to {max(row.ratios):.2f})"
    return by_time if row.cpu_ratio is None else f"{by_time}\nby CPU {row.cpu_ratio:.2f}"
