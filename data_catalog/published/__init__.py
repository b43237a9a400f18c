"""Numbers about people that the catalogue shows: rounded or held back by one rule, and kept in a ledger."""
