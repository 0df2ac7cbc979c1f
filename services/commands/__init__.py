"""The commands of `flipline` that work on a whole instance, with their questions, options and messages."""
