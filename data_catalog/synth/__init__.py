"""Synthetic sources at the mission's size: seeded, native in form, with declared faults, labelled synthetic."""
