"""What stopped a command, in a sentence: what is wrong, and what to do."""

import errno

from shared.errors import FliplineError

_ADVICE = {
    errno.EACCES: "Let this user read and write there, or name another directory with --data-dir.",
    errno.EPERM: "Let this user read and write there, or name another directory with --data-dir.",
    errno.EROFS: "Make it writable, or name another directory with --data-dir.",
    errno.ENOSPC: "Free some space.",
    errno.EDQUOT: "Free some space.",
    errno.EMFILE: "Let the process open more files (ulimit -n).",
    errno.ENFILE: "Let the machine open more files (fs.file-max).",
}
_ELSE = "Set FLIPLINE_LOG_LEVEL=debug to see the cause."


def explain(error: Exception) -> str | None:
    """Return the sentence for an expected error. An unexpected error has None: its trace says more.

    The sentence has no key, no password and no personal data.
    """
    if isinstance(error, FliplineError):
        return error.message
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or type(error).__name__}. {_ADVICE.get(error.errno or 0, _ELSE)}"
    # Most commands have no database, and then its errors need not be imported.
    from shared.database.reasons import database_reason

    if (reason := database_reason(error)) is not None:
        return (
            f"The database cannot be used: {reason}. If its schema is older than this version, "
            f"`flipline migrate` brings it up. {_ELSE}"
        )
    return None
