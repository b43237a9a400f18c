"""Close-out: what is done with a project that is over, and the signed proof of it."""
