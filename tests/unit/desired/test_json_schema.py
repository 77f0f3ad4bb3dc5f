"""The JSON Schemas: valid themselves, complete, and never stricter than ``validate``."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from builders_requests import PROVIDERS, MemoryFiles
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from aft.config.file import parse_config
from aft.config.model import Config
from aft.desired.defaults import FolderDefaults, check_defaults
from aft.desired.parse import check
from aft.desired.raw import NOT_ACTED_ON, DefaultsFile, RequestFile
from aft.desired.schema import SchemaName, json_schema
from aft.yamldoc import YamlDocument, parse_yaml

NAMES: tuple[SchemaName, ...] = get_args(SchemaName)

text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=60)
words = st.text("abcXYZ019-_. ", min_size=1, max_size=12)
emails = st.builds("{}@{}.org".format, st.text("abc+._1", min_size=1, max_size=20), words)
small_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
regions = st.sampled_from(["eu-west-1", "us-east-1", "me-south-1", "eu_west"])
contact = st.fixed_dictionaries(
    {},
    optional={"name": text, "title": words, "email": emails, "phone": st.text("0123 +-()x")},
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": text | words,
    "email": emails | text,
    "ou": words | st.sampled_from(["A/B", "/", "ou-ab12-abcdefgh"]),
    "owner": st.fixed_dictionaries({}, optional={"team": words, "email": emails}),
    "reason": text,
    "ticket": words,
    "tags": st.dictionaries(text, text, max_size=4),
    "access": st.lists(
        st.fixed_dictionaries({"permission_set": words}, optional={"group": words}), max_size=2
    ),
    "contacts": st.fixed_dictionaries({}, optional={"billing": contact, "security": contact}),
    "budget": st.fixed_dictionaries({"monthly_usd": st.integers(-1, 9) | st.floats(0, 9)}),
    "regions": st.lists(regions, max_size=2),
    "baseline": words,
    "customizations": st.lists(words, max_size=2),
    "parameters": st.dictionaries(
        words, st.dictionaries(words, small_json, max_size=2), max_size=2
    ),
    "custom_fields": st.dictionaries(words, small_json, max_size=3),
    "depends_on": st.lists(words, max_size=2),
    "state": st.sampled_from(["active", "closed", "gone"]),
    "expires": st.dates().map(str) | words,
    "protect": st.booleans()
    | words
    | st.fixed_dictionaries({}, optional={"reason": text, "by": text, "until": words}),
    "account_id": st.from_regex("[0-9]{11,13}", fullmatch=True),
    "previously": words,
}
nullable = {name: strategy | st.none() for name, strategy in FIELDS.items()}
requests = st.fixed_dictionaries({}, optional=nullable)
defaults = st.fixed_dictionaries(
    {},
    optional={
        name: strategy | st.just("{folder}-{id}")
        for name, strategy in nullable.items()
        if name not in ("account_id", "previously")
    },
)


def document(data: dict[str, Any]) -> YamlDocument | None:
    found, findings = parse_yaml(json.dumps(data).encode(), "f.yaml")
    return None if findings else found


def accepts(name: SchemaName, data: object) -> bool:
    return bool(Draft202012Validator(dict(json_schema(name, providers=PROVIDERS))).is_valid(data))


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_valid_schema_with_a_title_and_documented_fields(name: SchemaName) -> None:
    schema = json_schema(name, providers=PROVIDERS)
    Draft202012Validator.check_schema(dict(schema))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["description"]
    assert schema["additionalProperties"] is False
    json.dumps(schema)


@pytest.mark.parametrize("model", [RequestFile, DefaultsFile, Config])
def test_every_field_is_documented(model: type[BaseModel]) -> None:
    undocumented = [name for name, info in model.model_fields.items() if not info.description]
    sections = {
        "roles",
        "limits",
        "ledger",
        "worker",
        "terraform",
        "networks",
        "policies",
        "report",
        "notifications",
        "github",
    }  # documented by their own model
    assert set(undocumented) <= sections


def test_no_field_of_a_request_is_required() -> None:
    assert "required" not in json_schema("request", providers=PROVIDERS)
    assert accepts("request", {"owner": {"team": "completed by defaults"}})


def test_the_schema_sees_what_editors_should_show() -> None:
    assert not accepts("request", {"nmae": "x"})
    assert not accepts("request", {"protect": "yes"})
    assert not accepts("request", {"account_id": 123456789012})
    assert not accepts("defaults", {"account_id": "123456789012"})
    assert accepts("defaults", {"regions": ["{folder}"], "email": "{id}@x"})


@given(requests)
def test_what_validate_accepts_of_a_request_the_schema_accepts(data: dict[str, Any]) -> None:
    found = document(data)
    if found is None:
        return
    _, findings = check("shop", found, FolderDefaults("account-requests"))
    wrong = [item for item in findings if item.code not in ("AFT203", "AFT290", "AFT317", "AFT318")]
    if not wrong:
        assert accepts("request", data)


@given(defaults)
def test_what_validate_accepts_of_defaults_the_schema_accepts(data: dict[str, Any]) -> None:
    found = document(data)
    if found is not None and not check_defaults(found):
        assert accepts("defaults", data)


configs = st.fixed_dictionaries(
    {"home_region": regions},
    optional={
        "governed_regions": st.lists(regions, max_size=2),
        "limits": st.dictionaries(st.sampled_from(["create", "move", "nope"]), st.integers(-1, 9)),
        "ledger": st.dictionaries(st.sampled_from(["branch", "remote"]), words | st.none()),
        "version": st.integers(0, 2),
    },
)


@given(configs)
def test_what_validate_accepts_of_the_configuration_the_schema_accepts(
    data: dict[str, Any],
) -> None:
    config, _ = parse_config(MemoryFiles({"aft.yaml": json.dumps(data)}), providers=PROVIDERS)
    if config is not None:
        assert accepts("config", data)


def test_the_strategies_do_reach_valid_files() -> None:
    """The properties above hold for something: a file with every field that is acted on."""
    data = {
        "name": "a",
        "email": "a@b.org",
        "ou": "A/B",
        "owner": {"team": "t", "email": "t@b.org"},
        "tags": {"ä b": "=x"},
        "contacts": {"billing": None},
        "custom_fields": {"a": [None, {"b c": 1}]},
        "account_id": "000000000001",
        "protect": True,
        "expires": None,
    }
    found = document(data)
    assert found is not None
    _, findings = check("shop", found, FolderDefaults("account-requests"))
    assert findings == ()
    assert accepts("request", data)


def test_fields_not_acted_on_are_in_the_schema() -> None:
    assert NOT_ACTED_ON.keys() <= json_schema("request", providers=PROVIDERS)["properties"].keys()
