"""Safe outputs: what researchers ask to take out is held, checked, reviewed by two people, and only then released."""
