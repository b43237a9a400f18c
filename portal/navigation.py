"""Where the navigation leads: what a person has no part in is left out."""

from core.people.models import Person
from core.web.site import Link


def navigation(person: Person) -> list[Link]:
    """Return the places that are this person's, in the order of a day's work."""
    return [Link("Home", "/"), Link("Projects", "/projects"), Link("Requests", "/requests")]
