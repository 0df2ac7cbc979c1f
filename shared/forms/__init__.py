"""The normal form of each kind of identity: the one spelling under which a value is stored. Pure."""
