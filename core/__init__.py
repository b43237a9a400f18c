"""What every room stands on: settings, database, audit log, people and roles, errors, time."""
