"""The normal form of each kind of identity: the one text under which it is known. Pure."""
