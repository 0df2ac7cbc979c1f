"""The reason of a database error, without personal data that the error may quote."""

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

# Data and integrity errors quote the values at fault.
_QUOTING = ("22", "23")


def driver_reason(error: BaseException) -> str:
    """Return the first line of the driver's message, or only the kind of an error that may quote data."""
    while not isinstance(error, DBAPIError | OSError) and error.__cause__ is not None:
        error = error.__cause__
    driver_error = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    sqlstate = getattr(driver_error, "sqlstate", None)
    if isinstance(sqlstate, str):
        if sqlstate.startswith(_QUOTING):
            return f"SQLSTATE {sqlstate}"
    elif isinstance(error, DBAPIError) and type(driver_error).__name__ in {"IntegrityError", "DataError"}:
        return type(driver_error).__name__
    return (str(driver_error).splitlines() or [""])[0].strip().rstrip(".") or type(driver_error).__name__


def database_reason(error: BaseException) -> str | None:
    """Return the `driver_reason` of an error of the database, None for any other error."""
    return driver_reason(error) if isinstance(error, SQLAlchemyError) else None
