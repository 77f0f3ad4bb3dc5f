"""Twice the input, about twice the work: every reader of what others write, on inputs made to hurt.

Four times the input may cost eight times the processor time (quadratic work costs sixteen times),
and nothing of 256 KB more than two seconds. What takes a few milliseconds is not compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from builders_folders import parsed
from builders_inside import facts
from builders_requests import load, request_text
from counting import cpu_seconds

from aft.cloudformation.read import parse_template
from aft.customizations.model import StepFile, StepInputs
from aft.customizations.render import (
    check_template,
    render_template,
    template_accesses,
    template_uses,
)
from aft.customizations.template_bounds import Budget, check_format
from aft.desired.issue_answers import read_issue
from aft.desired.issue_form import FormChoices
from aft.errors import AftError
from aft.ledger.codec import decode_event, decode_record
from aft.plan.codec import plan_from_json
from aft.policy_language.grammar import IDENTITY, check
from aft.runners.cloudformation.template_shape import check_shape, output_names
from aft.runners.shell.runner import check_script
from aft.runners.terraform.files import without_own_role
from aft.runners.terraform.hcl_text import hcl_blocks
from aft.runners.terraform.plan_json import UnreadablePlan, read_plan
from aft.values.bounded_json import read_json
from aft.yamldoc import parse_yaml

SMALL, LARGE, FULL = 8 * 1024, 32 * 1024, 256 * 1024
TIMES = 8.0
NOT_COMPARED = 0.08
MOST_SECONDS = 2.0
SLOWER = 4.0  # a machine of another kind, and others on it


class Reader(NamedTuple):
    read: Callable[[str], object]
    inputs: dict[str, Callable[[int], str]]


def filled(part: str, *, before: str = "", after: str = "") -> Callable[[int], str]:
    """A text of about ``size`` characters: parts, each with its number where it has room for it."""
    has_number = "%d" in part

    def make(size: int) -> str:
        count = max(
            1, (size - len(before) - len(after)) // len(part % 10000 if has_number else part)
        )
        body = "".join(part % number for number in range(count)) if has_number else part * count
        return before + body + after

    return make


def yaml(text: str) -> object:
    document, findings = parse_yaml(text.encode(), "f.yaml")
    if document is not None:
        document.at(("a",))
        document.at(("b", 0))
    return findings


def request(text: str) -> object:
    return load({"account-requests/shop.yaml": request_text("shop") + text}).findings


def defaults(text: str) -> object:
    files = {"account-requests/_defaults.yaml": text, "account-requests/shop.yaml": "name: shop\n"}
    return load(files).findings


def organization(text: str) -> object:
    return load({"customizations/organization/organization.yaml": text}).findings


def baseline(text: str) -> object:
    return load({"customizations/baselines/standard.yaml": text}).findings


def configuration(text: str) -> object:
    return load({"aft.yaml": "version: 1\nhome_region: eu-central-1\n" + text}).findings


def customization(text: str) -> object:
    return load({"customizations/accounts/a/customization.yaml": text}).findings


def step(name: str) -> Callable[[str], object]:
    return lambda text: parsed({f"accounts/a/{name}": text})[1]


def template(text: str) -> object:
    check_template(text, "t")
    template_uses(text)
    return template_accesses(text)


def rendered(text: str) -> object:
    with suppress(AftError):
        return render_template(text, "t", StepInputs(account=facts()))
    return None


def hcl(text: str) -> object:
    with suppress(Exception):
        hcl_blocks(text)
    return without_own_role(text, "own")


def issue(text: str) -> object:
    names = {f"name-{number}": "" for number in range(20)}
    return read_issue(text[:65_536], FormChoices(units=("A",), customizations=names))


def plan_file(text: str) -> object:
    with suppress(AftError):
        return plan_from_json(text)
    return None


def terraform_plan(text: str) -> object:
    with suppress(UnreadablePlan):
        return read_plan(text, binding="")
    return None


def ledger(text: str) -> object:
    for decode in (decode_event, decode_record):
        with suppress(ValueError):
            decode(text.encode())
    return None


def json_text(text: str) -> object:
    with suppress(ValueError):
        return read_json(text)
    return None


def cfn_data(text: str) -> object:
    with suppress(ValueError):
        return parse_template(text)
    return None


def shape(text: str) -> object:
    for path in ("t.cfn.yaml", "t.cfn.json"):
        check_shape(text, path)
        output_names(text, path)
    return None


def policy(text: str) -> object:
    document, findings = parse_yaml(text.encode(), "p.yaml")
    return findings if document is None else check(document.data, IDENTITY, places=document)


def script(text: str) -> object:
    return list(check_script(StepFile(path="x.sh", content=text.encode())))


def changes(size: int, **change: Any) -> str:
    item = {"address": "a.b", "type": "aws_x", "change": {"actions": ["update"], **change}}
    part = json.dumps(item)
    return json.dumps(
        {"format_version": "1.2", "resource_changes": [item] * (size // len(part) + 1)}
    )


def sensitive(size: int) -> str:
    count = size // 60
    before = {f"k{number}": f"secret-{number}" for number in range(count)}
    return changes(1, before=before, after={}, before_sensitive=dict.fromkeys(before, True))


READERS: dict[str, Reader] = {
    "yaml": Reader(
        yaml,
        {
            "open brackets behind a duplicate": filled("[", before="a: 1\na: 2\nb: "),
            "keys in keys": filled("? ", before="a: 1\na: 1\n"),
            "tabs": filled("\t1,\n", before="a: [\n"),
            "tabs without a value": filled("\tb\n"),
            "escapes": filled('"\\x01", ', before="a: [", after="]"),
            "duplicates": filled("a: 1\n"),
            "duplicates in duplicates": filled("a: {b: {c: 1}}\n"),
            "leading zeros": filled("01, ", before="a: [", after="]"),
            "values": filled("b,", before="a: [", after="]"),
            "mappings": filled("{a: b},", before="a: [", after="]"),
            "anchors": filled("&a b,", before="a: [", after="]"),
            "aliases": filled("*a,", before="a: [", after="]"),
            "tags": filled("!x b,", before="a: [", after="]"),
            "tag directives": filled("%%TAG !a%d! b\n"),
            "documents": filled("---\n"),
            "an open quote": filled("\\n", before='a: "'),
            "blank lines in a quote": filled("\n", before='a: "', after='"'),
            "a folded text": filled(" a\n\n", before="a: >\n"),
            "comments": filled("#\n", before="a: 1\n"),
            "keys": filled("k%d: 1\n"),
            "brackets as keys": filled("{[]: 1},", before="a: [", after="]"),
            "dashes": filled("- ", before="a:\n  "),
            "colons": filled(": "),
            "percent signs": filled("%%\n"),
        },
    ),
    "request": Reader(
        request,
        {
            "unknown requests": filled("unknown-%d, ", before="depends_on: [", after="]"),
            "unknown customizations": filled("unknown-%d, ", before="customizations: [", after="]"),
            "unknown keys": filled("key%d: 1\n"),
            "unknown regions": filled("eu-west-%d, ", before="regions: [", after="]"),
            "the same region": filled("eu-west-1, ", before="regions: [", after="]"),
            "odd tags": filled("  'a\\*%d': '*'\n", before="tags:\n"),
            "custom fields": filled("  '*%d': {{ }}\n", before="custom_fields:\n"),
            "values of several types": filled("  x%d: [1]\n", before="parameters:\n"),
            "lines of allow": filled(
                "  - {what: w%d, until: 2020-01-01, items: [x]}\n", before="allow:\n"
            ),
            "a long address": filled("a.", before="contacts: {billing: {email: ", after="}}"),
            "a long unit": filled("a/", before="previously: "),
            "subscribers": filled(
                "a%d, ", before="budget: {monthly_usd: 1, subscribers: [", after="]}"
            ),
        },
    ),
    "defaults": Reader(
        defaults,
        {
            "placeholders": filled("  t%d: '{nope}'\n", before="tags:\n"),
            "braces": filled("{", before="reason: '", after="'"),
            "unknown keys": filled("key%d: 1\n"),
        },
    ),
    "organization": Reader(
        organization,
        {
            "units": filled("  - name: u%d\n", before="organizational_units:\n"),
            "the same unit": filled("  - name: u\n", before="organizational_units:\n"),
            "unknown keys": filled("key%d: 1\n"),
        },
    ),
    "baseline": Reader(
        baseline,
        {
            "unknown units": filled(
                "u%d, ", before="settings: []\nselect: {organizational_units: [", after="]}"
            ),
            "unknown requests": filled(
                "u%d, ", before="settings: []\nselect: {requests: [", after="]}"
            ),
            "unknown settings": filled("  - setting: s%d\n", before="settings:\n"),
            "unknown placeholders": filled(
                "'{x%d}', ", before="settings: [{setting: budget, parameters: {a: [", after="]}}]"
            ),
        },
    ),
    "configuration": Reader(
        configuration,
        {
            "regions": filled("r-%d, ", before="governed_regions: [", after="]"),
            "the same region": filled("eu-west-1, ", before="governed_regions: [", after="]"),
            "pools": filled("p%d: {cidr: 10.0.0.0/8}, ", before="networks: {pools: {", after="}}"),
            "limits of policies": filled("P%d: {}, ", before="policies: {limits: {", after="}}"),
            "unknown keys": filled("key%d: 1\n"),
        },
    ),
    "customization": Reader(
        customization,
        {
            "unknown requests": filled("u%d, ", before="select: {requests: [", after="]}"),
            "parameters": filled("  p%d: {type: text, default: 1}\n", before="parameters:\n"),
            "choices": filled("1, ", before="parameters: {p: {choices: [", after="]}}"),
        },
    ),
    "template": Reader(
        template,
        {
            "names on a line": filled("{{ a%d.b }}"),
            "one name": filled("{{ account.nope }}"),
            "ifs": filled("{% if 1 %}{% endif %}"),
            "nested ifs": filled("{% if 1 %}"),
            "sets": filled("{%% set a%d = 1 %%}"),
            "sets and ifs": filled("{%% set a%d = 1 %%}{%% if 1 %%}{%% endif %%}"),
            "elifs": filled("{% elif 1 %}", before="{% if 1 %}", after="{% endif %}"),
            "brackets": filled("[", before="{{ "),
            "nots": filled("not ", before="{{ ", after="1 }}"),
            "sums": filled("+1", before="{{ 1", after=" }}"),
            "attributes": filled(".a", before="{{ account", after=" }}"),
            "filters": filled("|abs", before="{{ 1", after=" }}"),
            "lists": filled("1,", before="{{ [", after="] }}"),
            "macros": filled("{%% macro m%d(a) %%}{%% endmacro %%}"),
            "comments": filled("{# "),
            "raw": filled("{% raw %}"),
            "braces": filled("{"),
            "open expressions": filled("{{"),
            "unknown filters": filled("{{ 1|nope%d }}"),
            "spaces": filled(" ", before="{{ a", after=" }}"),
        },
    ),
    "rendered": Reader(
        rendered,
        {
            "expressions": filled("{{ account.name }}"),
            "a body in a loop": filled(
                "{% set a = 1 %}", before="{% for x in range(9999) %}", after="{% endfor %}"
            ),
            "a body in a macro": filled(
                "{% set a = 1 %}",
                before="{% macro m() %}",
                after="{% endmacro %}{% for x in range(9999) %}{{ m() }}{% endfor %}",
            ),
            "a list in a loop": filled(
                "1,", before="{% for x in range(9999) %}{% set a = [", after="0] %}{% endfor %}"
            ),
        },
    ),
    "hcl": Reader(
        hcl,
        {
            "blocks on a line": filled("a{}"),
            "blocks in blocks": filled("a{"),
            "texts in texts": filled('${"', before='a="'),
            "brackets": filled("["),
            "open texts": filled('"'),
            "comments": filled("/*"),
            "heredocs": filled("<<A\nA\n"),
            "open heredocs": filled("<<A\n"),
            "blanks in a heredoc": filled(" \t\n", before="<<A\n", after="A\n"),
            "own roles": filled('assume_role{r="own"}\n'),
            "own roles on a line": filled('assume_role{r="own"}'),
            "words": filled("a ", after="{}"),
        },
    ),
    "issue": Reader(
        issue,
        {
            "a heading with blanks": filled(" ", before="### a", after="b"),
            "a heading of blanks": filled(" ", before="###"),
            "a box with blanks": filled(
                " ", before="### What should be set up in it?\n- [x] a", after="b"
            ),
            "blanks before a box": filled(
                " ", before="### What should be set up in it?\n", after="b"
            ),
            "headings": filled("### What is it for?\n"),
            "tags": filled("t%d=v\n", before="### Which tags should it have?\n"),
            "boxes": filled("- [x] n%d\n", before="### What should be set up in it?\n"),
            "names": filled("a-", before="### What should the account be called?\n"),
        },
    ),
    "plan": Reader(
        plan_file,
        {
            "brackets": filled("["),
            "keys": filled('{"a":'),
            "halves": filled("\\ud800", before='{"a":"', after='"}'),
        },
    ),
    "terraform plan": Reader(
        terraform_plan,
        {
            "changes": lambda size: changes(size, before={"a": 1}, after={"a": 2}),
            "secrets": sensitive,
            "brackets": filled("["),
            "modules": filled(
                '{"module_calls":{"a":{"module":',
                before='{"format_version":"1.2","configuration":{"root_module":',
            ),
        },
    ),
    "ledger": Reader(
        ledger,
        {
            "brackets": filled("["),
            "a number": filled("9", before='{"version":', after="}"),
            "unknown keys": filled('"k%d":1,', before="{", after='"version":2}'),
            "steps": filled(
                '"s%d":{},', before='{"version":2,"subject":"a","done":{', after='"z":{}}}'
            ),
        },
    ),
    "json": Reader(
        json_text,
        {
            "brackets": filled("["),
            "quotes": filled('"'),
            "escaped quotes": filled('\\"', before='["' + '",["' * 150),
            "backslashes": filled("\\", before="[" * 201 + '"'),
        },
    ),
    "cloudformation": Reader(
        cfn_data,
        {
            "brackets": filled("["),
            "objects": filled('{"a":'),
            "a number": filled("9", before='{"Resources":', after="}"),
            "resources": filled("  R%d: {Type: AWS::SNS::Topic}\n", before="Resources:\n"),
            "tags": filled("!Sub ", before="Resources: "),
            "keys": filled("? "),
        },
    ),
    "template's shape": Reader(
        shape,
        {
            "sections": filled("Section%d: 1\n"),
            "tabs": filled("\tx\n"),
            "objects": filled('"k%d":1,', before="{", after='"z":1}'),
            "lines of keys": filled('"k%d":\n1,\n', before="{", after='"z":1}'),
            "blanks": filled(" ", before="Outputs", after=":"),
        },
    ),
    "policy": Reader(
        policy,
        {
            "statements": filled("  - {Sid: s%d}\n", before="Version: x\nStatement:\n"),
            "actions": filled(
                "a%d, ", before="Statement: [{Effect: Allow, Resource: '*', Action: [", after="]}]"
            ),
            "conditions": filled(
                "Nope%d: {a: b}, ",
                before="Statement: [{Effect: Allow, Resource: '*', Action: '*', Condition: {",
                after="}}]",
            ),
            "unknown keys": filled("key%d: 1\n"),
        },
    ),
    "script": Reader(
        script,
        {
            "profiles": filled("--profile aft-management\n"),
            "blanks": filled(" ", before="aws --profile"),
        },
    ),
    "steps": Reader(
        step("10-a.cfn.yaml"),
        {
            "outputs": filled("{{ outputs['a/%d'].x }}"),
            "parameters": filled("{{ parameters.p%d }}"),
        },
    ),
    "terraform": Reader(
        step("terraform/main.jinja"),
        {"blank lines": filled("\n"), "clouds": filled("cloud\n"), "outputs": filled("\noutput")},
    ),
    "terraform in json": Reader(
        step("terraform/main.tf.json"), {"brackets": filled("["), "a number": filled("9")}
    ),
    "python": Reader(
        step("10-a.py"),
        {
            "brackets": filled("("),
            "minus signs": filled("-", after="1"),
            "sums": filled("1+", after="1"),
            "attributes": filled(".a", before="def customize(context):\n    context"),
            "functions": filled("def customize(a, b): pass\n"),
            "timeouts": filled("TIMEOUT_SECONDS = 0\n"),
        },
    ),
}
CASES = [(reader, name) for reader, item in READERS.items() for name in item.inputs]


@pytest.mark.parametrize(("reader", "name"), CASES)
def test_four_times_the_input_costs_about_four_times(reader: str, name: str) -> None:
    read, make = READERS[reader].read, READERS[reader].inputs[name]
    read(make(100))  # whatever is made once
    large = cpu_seconds(lambda: read(make(LARGE)))
    assert large < MOST_SECONDS * SLOWER * LARGE / FULL
    if large > NOT_COMPARED:
        small = min(cpu_seconds(lambda: read(make(SMALL))) for _ in range(2))
        large = min(large, cpu_seconds(lambda: read(make(LARGE))))
        assert large < TIMES * max(small, NOT_COMPARED / TIMES)


def test_a_format_of_any_length() -> None:
    check_format(Budget(), "{" + ":" * 200_000, ())
