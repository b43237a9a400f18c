"""What the hub refuses, and what keeps it from working.

MyelinError
├── Refused
│   └── SpawnRefused           this server may not start: it is no project's, or another one runs
├── Unavailable
│   ├── EngineUnavailable      Docker does not answer, or does not do as asked
│   │   └── NetworkUnavailable  a project's network can not be made as it must be
│   ├── FirewallMissing        the rules that close project networks are not in place
│   └── ServerDied             the notebook server stopped while it was starting
└── ViewsFailed                the views of a cut could not be made in the notebook image
"""

from core.errors import MyelinError, Refused, Unavailable


class SpawnRefused(Refused):
    pass


class EngineUnavailable(Unavailable):
    pass


class NetworkUnavailable(EngineUnavailable):
    pass


class FirewallMissing(Unavailable):
    pass


class ServerDied(Unavailable):
    pass


class ViewsFailed(MyelinError):
    pass
