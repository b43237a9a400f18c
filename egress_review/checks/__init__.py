"""The checks of held files: what a machine can say before two people look. Begin at `engine.run_checks`."""
