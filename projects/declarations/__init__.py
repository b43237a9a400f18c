"""Declarations people make for themselves: a right that everybody in a team must hold where the rules say so."""
