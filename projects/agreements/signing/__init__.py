"""Data use agreements drawn up by the house: rendered from a resource's wording, and signed in the portal."""
