"""The `myelin` command: composition of every room, and what runs them."""
