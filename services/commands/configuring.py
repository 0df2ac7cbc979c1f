"""The settings of a command: from the environment and from its options."""

import re
from pathlib import Path

from pydantic import ValidationError

from shared.errors import Misconfigured
from shared.process.settings import Settings
from shared.process.telemetry import configure_logging


def settings_of(port: int | None = None, data_dir: Path | None = None) -> Settings:
    """Return the settings of the environment and the options; options win. It also starts the logging.

    Raises Misconfigured with the name of the variable or option that cannot be used.
    """
    options = {
        name: value for name, value in {"port": port, "data_dir": data_dir}.items() if value is not None
    }
    try:
        settings = Settings(**options)  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        first_error = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first_error["loc"])
        shown = f"--{name.replace('_', '-')}" if name in options else f"FLIPLINE_{name.upper()}"
        message = re.sub("^(Input|String) should", "must", first_error["msg"].removeprefix("Value error, "))
        raise Misconfigured("setting_invalid", f"{shown} {message}.") from error
    configure_logging(settings.log_level)
    return settings
