"""Which application an address is of: `cis-spinal`, or `cis-spinal.1` for the first amendment of that project."""

from typing import Annotated

from fastapi import Depends

from projects.applications.models import ApplicationKey
from projects.applications.records import key_of


def _in_address(project_id: str) -> ApplicationKey:
    return key_of(project_id)


Named = Annotated[ApplicationKey, Depends(_in_address)]
