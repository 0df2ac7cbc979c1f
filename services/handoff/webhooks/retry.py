"""When a failed delivery is tried again; a pure function of failures, Retry-After and jitter."""

from datetime import timedelta

# Denser at first than the example in the specification, whose fourth try comes after 2 h 35 m: sales
# promises a first contact within 4 hours, so an outage of half an hour may cost minutes, not hours.
#
#   try   after the one before   after the first
#    1             -                  0
#    2            5 s                 5 s
#    3           30 s                35 s
#    4            2 m              2 m 35 s
#    5            5 m              7 m 35 s
#    6           15 m             22 m 35 s
#    7           30 m             52 m 35 s
#    8            1 h          1 h 52 m 35 s
#    9            1 h          2 h 52 m 35 s
#   10            2 h          4 h 52 m 35 s
#   11            4 h          8 h 52 m 35 s
#   12            8 h         16 h 52 m 35 s
#   13           12 h         28 h 52 m 35 s
#   14           24 h         52 h 52 m 35 s      <- the last; then the delivery is held
_SECOND, _MINUTE, _HOUR = 1, 60, 3600
SCHEDULE_SECONDS = (
    5 * _SECOND,
    30 * _SECOND,
    2 * _MINUTE,
    5 * _MINUTE,
    15 * _MINUTE,
    30 * _MINUTE,
    1 * _HOUR,
    1 * _HOUR,
    2 * _HOUR,
    4 * _HOUR,
    8 * _HOUR,
    12 * _HOUR,
    24 * _HOUR,
)
JITTER = 0.2
# An endpoint may ask for more time than the schedule gives, but no more than keeps within the 4 hours.
MAX_RETRY_AFTER = timedelta(hours=1)


def delay(failures: int, jitter: float, requested: timedelta | None = None) -> timedelta | None:
    """Return how long to wait after the nth failure in a row, or None when that was the last try.

    `jitter` in [0, 1) spreads the wait over +-20 %, so that what failed together does not return together.
    The wait `requested` by the endpoint can lengthen it, up to an hour, and never shortens it.
    """
    if failures > len(SCHEDULE_SECONDS):
        return None
    planned = timedelta(seconds=SCHEDULE_SECONDS[failures - 1] * (1 - JITTER + 2 * JITTER * jitter))
    return planned if requested is None else max(planned, min(requested, MAX_RETRY_AFTER))
