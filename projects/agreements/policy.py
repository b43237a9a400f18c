"""Rules about contracts: when one ends, and what may work under it. Pure."""

from datetime import date, timedelta

from projects.agreements.errors import ContractRejected
from projects.agreements.models import YEARS, ContractRecord
from projects.models import Project, ProjectState


def last_day(starts: date) -> date:
    """Return the last day of a contract: the day before its third anniversary, which is 1 March for a 29 February."""
    try:
        anniversary = starts.replace(year=starts.year + YEARS)
    except ValueError:
        anniversary = date(starts.year + YEARS, 3, 1)
    return anniversary - timedelta(days=1)


def check_move(project: Project, contract: ContractRecord, today: date) -> None:
    """Refuse a contract of another resource, one that does not run today, and a project that is closed."""
    if project.state is ProjectState.CLOSED:
        raise ContractRejected(f"{project.id} is closed.")
    if contract.resource != project.resource:
        raise ContractRejected(
            f"Contract {contract.id} is with {contract.resource}; {project.id} is of {project.resource}."
        )
    if not contract.starts <= today <= contract.ends:
        raise ContractRejected(f"Contract {contract.id} runs from {contract.starts} through {contract.ends}.")
    if project.id in contract.projects:
        raise ContractRejected(f"{project.id} works under contract {contract.id} already.")
