"""The API: what the portal's pages do, for programs of the people who use them, as JSON over the same services."""
