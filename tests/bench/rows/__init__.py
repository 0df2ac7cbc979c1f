"""One module a row of DESIGN.md section 9."""
