"""Metadata are of the right types and come back from JSON."""

import numpy as np
import pytest

from parallel_nb.errors import SchemaError
from parallel_nb.runs import Meta

from .making import meta


def test_metadata_come_back_from_json_types():
    full = meta(
        label="a",
        tags=("x", "y"),
        parent=(0, 3),
        notes=("said",),
        source="record",
        agents={"gpu": 2, "reviewer": 1},
    )
    assert Meta.from_dict(full.to_dict()) == full
    assert full.to_dict()["tags"] == ["x", "y"]


def test_what_a_newer_version_added_to_the_metadata_is_ignored():
    assert Meta.from_dict({**meta().to_dict(), "mood": "good"}) == meta()


def test_metadata_without_a_required_field_are_refused():
    fields = meta().to_dict()
    del fields["backend"]
    with pytest.raises(SchemaError, match=r"meta\.backend: expected a value"):
        Meta.from_dict(fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n_workers", 0),
        ("n_workers", True),
        ("n_workers", 2.0),
        ("cpu_count", -1),
        ("backend", None),
        ("tags", "one"),
        ("notes", [1]),
        ("versions", "3.13"),
        ("parent", (1,)),
        ("agents", ["gpu"]),
        ("agents", {"": 1}),
        ("agents", {3: 1}),
        ("agents", {"gpu": 0}),
        ("agents", {"gpu": "two"}),
    ],
)
def test_metadata_of_another_type_are_refused(field, value):
    with pytest.raises(SchemaError, match=rf"meta\.{field}.*: expected"):
        Meta(**{**meta().to_dict(), field: value})


def test_metadata_can_be_compared_and_hashed():
    assert meta(tags=["a"]) == meta(tags=("a",))
    assert hash(meta()) == hash(meta())


def test_metadata_of_before_there_were_agents_have_none():
    fields = meta().to_dict()
    del fields["agents"]
    assert Meta.from_dict(fields).agents == {}


def test_slots_are_plain_integers():
    assert type(meta(agents={"gpu": np.int64(2)}).agents["gpu"]) is int
