"""Feasibility counts: would there be enough people? Answered with noise, within a budget, on the ledger."""
