"""One hub for all tests of the room; each test has people and projects of its own in it."""

from tests.support.hub import house, hub, provider  # noqa: F401  (fixtures)
