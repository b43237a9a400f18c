"""What tokens of the hub may do. A container's own may say that it is alive, open itself, and hand in for release.

The egress API asks the hub what a token is, `GET /hub/api/user`; this is the whole answer for a server's token, kept
true by tests/attacks/test_hub_token.py:

    {"kind": "user", "name": "rosa", "token_id": "a17", "session_id": null, "admin": false, "groups": [],
     "last_activity": "2026-06-01T09:00:00.000000Z", "user_info": null,
     "scopes": ["access:servers!server=rosa/cis-spinal", "custom:egress:submit!server=rosa/cis-spinal",
                "read:users:activity!user=rosa", "read:users:groups!user=rosa", "read:users:name!user=rosa",
                "users:activity!user=rosa"]}

`custom:egress:submit!server=<person>/<project>`, spelled so, is the only proof of who and of which project. A stopped
server's token gets 403.
"""

from typing import Any

SUBMIT = "custom:egress:submit"
"""The right to hand in files for release from one server."""

SERVER_TOKEN = ["users:activity!user", "access:servers!server", f"{SUBMIT}!server"]

PERSON = ["read:users!user", "servers!user", "access:servers!user", "users:activity!user", f"{SUBMIT}!user"]
"""What a signed-in person may do: start, stop and open their own servers. No tokens, no sharing, no groups."""


def configure(c: Any) -> None:
    """Have JupyterHub give people and their servers these rights and no others."""
    c.JupyterHub.custom_scopes = {SUBMIT: {"description": "Hand in files for release from one's own server"}}
    c.JupyterHub.load_roles = [
        {"name": "user", "description": "Start, stop and open one's own servers", "scopes": PERSON},
    ]
    c.ProjectSpawner.server_token_scopes = SERVER_TOKEN
    c.ProjectSpawner.oauth_client_allowed_scopes = []
