"""What a resource declares of its registries is what their mapping files declare."""

from data_catalog.facts import Registry
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.resources import resources


def test_a_resource_and_its_registries_mappings_say_the_same() -> None:
    mappings = [load_mapping(path) for path in sorted(MAPPINGS.glob("*.toml"))]
    of_sources = {(one.resource, one.id): one.registry for one in mappings if one.registry}
    declared = {
        (resource.id, one.id): Registry(**one.model_dump(exclude={"id", "label"}))
        for resource in resources()
        for one in resource.registries
    }
    assert declared == of_sources
    assert len(declared) == 6
