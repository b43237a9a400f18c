"""Safe data: what a dataset declares, editions of it in the vault, and the cut a project is given."""
