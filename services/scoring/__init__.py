"""Scoring: folds interactions into counts, prices them under the matrix, and flips."""
