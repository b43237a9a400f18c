"""`python -m ops` is the `myelin` command."""

from ops.cli import main

main()
