"""The demo: a whole installation on one machine, with a sign-in provider of its own and a cast of invented people."""
