"""Compose the API: every room's operations behind one door, and the OpenAPI document that describes them."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from core.web.site import Site
from portal.api import agreements, applications, committee, people, problems, projects, publications, rules
from portal.api.caller import Door
from portal.api.problems import ProblemDetails

VERSION = "v1"
PREFIX = f"/api/{VERSION}"
DOCUMENT = "/openapi.json"

ABOUT = """What the portal's pages do, for programs of the people who use them: the same services, permissions and
refusals. A request carries a token that its person made in the portal; it may do what that person may do at that
moment. Lists come a page at a time: give `next` as `cursor` for what follows. A refusal is a problem (RFC 9457): what
is wrong in `detail`, what to do next in `hint`."""

ROOMS = (applications, committee, rules, projects, publications, agreements, people)


class Api(FastAPI):
    """The API as an application, and how it describes itself."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if self.openapi_schema is None:
            document = super().openapi()
            details = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            kinds = {**details.pop("$defs"), ProblemDetails.__name__: details}
            document["components"]["schemas"] |= kinds
            for path in document["paths"].values():
                for operation in path.values():
                    operation["summary"] = operation.pop("description")
        assert self.openapi_schema is not None
        return self.openapi_schema


def make_api(site: Site) -> Api:
    """Make the API of a portal."""
    api = _described()
    api.state.site = site
    api.add_middleware(Door, site=site, open_path=DOCUMENT)
    problems.install(api)
    return api


def described() -> dict[str, Any]:
    """Return the OpenAPI document, which is the same for every installation."""
    return _described().openapi()


def _described() -> Api:
    api = Api(
        title="Myelin",
        summary="A trusted research environment for multiple sclerosis data.",
        description=ABOUT,
        version=VERSION,
        openapi_url=DOCUMENT,
        docs_url=None,
        redoc_url=None,
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=_operation_id,
    )
    for room in ROOMS:
        api.include_router(room.router, responses=problems.expected(*problems.EXPECTED))
    return api


def _operation_id(route: APIRoute) -> str:
    return route.name
