"""What all events on the log have in common."""

import msgspec


class EventBase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", gc=False):
    """Immutable, named, encoded without its defaults."""

    id: str
