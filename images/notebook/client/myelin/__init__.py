"""Work on a project's data inside a Myelin notebook, and ask for results to be released.

import myelin

myelin.dictionary()                     what this project was approved for
data = myelin.connect()                 a read-only DuckDB connection with one view per table
myelin.preflight("outbox/table.csv")    run the checks, keep nothing
myelin.request_release("outbox/table.csv", description="...")
myelin.requests()                       what became of them
"""

from myelin.api import connect, dictionary, preflight, request_release, requests, withdraw
from myelin.errors import DataUnavailable, FileRefused, MyelinError, RequestRefused, ServiceUnavailable

__all__ = [
    "DataUnavailable",
    "FileRefused",
    "MyelinError",
    "RequestRefused",
    "ServiceUnavailable",
    "connect",
    "dictionary",
    "preflight",
    "request_release",
    "requests",
    "withdraw",
]
