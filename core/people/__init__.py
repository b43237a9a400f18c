"""People, the roles they hold, and the sessions they are signed in with."""
