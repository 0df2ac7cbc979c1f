"""Reading: the content of a request becomes interactions, or refusals that name the field. Pure."""
