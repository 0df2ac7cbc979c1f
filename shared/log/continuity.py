"""Whether a log continues what a group has read of it; pure, so both adapters decide the same way.

After a restore the tables may be newer than the log, or a topic may have been deleted and made again. The
stored offset then points beyond the end or into other records, and reading on would skip events unseen.
"""

from zlib import crc32

from shared.errors import LogChanged
from shared.log.port import Extent, Partition, Position

_ADVICE = (
    "Stop Flipline and restore the log and the tables from the same moment. If this log is the right one, "
    "run `flipline positions reread`: every group then reads it from its beginning, and what was counted "
    "before does not count twice, since every event is known by its id."
)


def check_extent(partition: Partition, position: Position, extent: Extent) -> None:
    """Raise LogChanged unless the position lies within this log."""
    stored = position.next_offset
    if position.log_id is not None and position.log_id != extent.log_id:
        raise _changed(
            partition,
            f"the tables have read another log up to offset {stored:,}: the log was replaced",
        )
    if stored > extent.end:
        raise _changed(
            partition,
            f"the tables have read up to offset {stored:,}, but the log ends at {extent.end:,}: "
            "it is older than the tables",
        )
    if 0 < stored < extent.begin:
        raise _changed(
            partition,
            f"the tables have read up to offset {stored:,}, but the log begins at {extent.begin:,}: "
            "records were removed before they were read",
        )


def check_last(partition: Partition, position: Position, value: bytes | None) -> None:
    """Raise LogChanged unless the record before the position is the one that was read there.

    `value` is the log's value at that offset, None when there is none.
    """
    if value is None or crc32(value) != position.last_checksum:
        raise _changed(
            partition,
            f"the record before offset {position.next_offset:,} is not the record that was read there: "
            "the log was restored and written to since",
        )


def has_last(position: Position, extent: Extent) -> bool:
    """Return whether the record before the position can be compared."""
    return position.last_checksum is not None and position.next_offset > extent.begin


def _changed(partition: Partition, reason: str) -> LogChanged:
    return LogChanged("log_changed", f"{partition.topic}/{partition.number}: {reason}. {_ADVICE}")
