"""Standard endpoints: catalogued, versioned definitions, computed from the vault's tables for every project alike."""
