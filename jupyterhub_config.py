"""JupyterHub as Myelin runs it: a table of contents of `hub/`."""

from core.clock import clock_of
from core.database import Database
from core.settings import Settings
from hub import addresses, firewall, idle, pages, scopes, sign_in, spawner

settings = Settings()
database = Database(settings.database, clock_of(settings))

firewall.ensure_firewall(settings)  # project networks are closed before anything listens
addresses.configure(c, settings)  # what listens where, and what the hub keeps
sign_in.configure(c, settings, database)  # who is let in
scopes.configure(c)  # what people's and servers' tokens may do
spawner.configure(c, settings, database)  # one server per person and project
idle.configure(c)  # unused servers are stopped
pages.configure(c, settings, database)  # what people see of the hub itself
