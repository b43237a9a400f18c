"""Seeded synthetic sources in the native form of the real ones; nothing in them describes anybody."""
