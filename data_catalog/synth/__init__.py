"""Synthetic sources at the mission's size: six registries and fourteen trials, each in its own native form."""
