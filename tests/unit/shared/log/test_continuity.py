"""Whether a log continues the records that were read."""

from zlib import crc32

import pytest

from shared.errors import LogChanged
from shared.log.continuity import check_extent, check_last, has_last
from shared.log.port import Extent, Partition, Position

HERE = Partition("interactions", 0)


@pytest.mark.parametrize(
    "position",
    [
        Position(0),
        Position(0, "log-1"),
        Position(7, "log-1"),
        Position(10, "log-1"),
        Position(10, None),  # stored before positions had log ids
    ],
)
def test_a_position_within_its_log_is_fine(position: Position) -> None:
    check_extent(HERE, position, Extent("log-1", 0, 10))


@pytest.mark.parametrize(
    ("position", "extent", "message"),
    [
        (Position(7, "log-1"), Extent("log-2", 0, 10), "another log up to offset 7"),
        (Position(0, "log-1"), Extent("log-2", 0, 10), "another log up to offset 0"),
        (Position(1_000, "log-1"), Extent("log-1", 0, 850), "up to offset 1,000, but the log ends at 850"),
        (Position(11, None), Extent("log-1", 0, 10), "up to offset 11, but the log ends at 10"),
        (Position(3, "log-1"), Extent("log-1", 5, 10), "up to offset 3, but the log begins at 5"),
    ],
)
def test_a_log_that_would_skip_events_is_refused_with_the_command_to_reread(
    position: Position, extent: Extent, message: str
) -> None:
    with pytest.raises(LogChanged) as raised:
        check_extent(HERE, position, extent)
    assert raised.value.message.startswith("interactions/0: ")
    assert message in raised.value.message
    assert "`flipline positions reread`" in raised.value.message


def test_another_record_before_the_position_is_refused() -> None:
    position = Position(7, "log-1", crc32(b"read"))
    check_last(HERE, position, b"read")
    for other in (b"another", b"", None):
        with pytest.raises(LogChanged, match="not the record that was read"):
            check_last(HERE, position, other)


def test_the_last_record_is_compared_only_with_a_checksum_and_a_stored_record() -> None:
    assert has_last(Position(7, "log-1", 1), Extent("log-1", 0, 10))
    assert not has_last(Position(7, "log-1", None), Extent("log-1", 0, 10))
    assert not has_last(Position(5, "log-1", 1), Extent("log-1", 5, 10))
