"""The safe setting: sign-in, one server per person and project, its network, and how it is taken away again."""
