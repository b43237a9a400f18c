"""The audit log: an append-only Merkle log of everything that changed state, verifiable off-line."""
