"""Tokens of the API: made by a person for a program of theirs, for days at most, to read or to write as they may."""
