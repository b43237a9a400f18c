"""The outbox: effects that can fail, kept in the transaction that causes them and done after it, by the worker."""
