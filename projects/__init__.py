"""Safe people, safe projects: who works on what, with which variables, from when until when."""
