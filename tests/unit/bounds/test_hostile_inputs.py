"""Inputs that ended a parser, or filled the machine: each is a finding, or an error of ours."""

from __future__ import annotations

from contextlib import suppress

import pytest
from builders_folders import parsed
from builders_inside import facts
from builders_requests import lines, load, request_text
from counting import cpu_seconds, most_memory

from aft.customizations.model import StepInputs
from aft.customizations.render import (
    check_template,
    render_template,
    template_accesses,
    template_uses,
)
from aft.errors import Terminal, UserError
from aft.findings.bounds import parsed_by
from aft.findings.model import MAX_FINDINGS, Finding, SourceRef, few
from aft.plan.codec import plan_from_json
from aft.runners.terraform.hcl_text import HclProblem, hcl_blocks
from aft.runners.terraform.plan_json import UnreadablePlan, read_plan
from aft.values.bounded_json import MAX_DEPTH, BadJson, read_json
from aft.yamldoc import parse_yaml

SECONDS = 4.0
"""Two, on a machine half as fast."""

SECOND_PASSES = [
    "{a, a, [b]",
    "a: 1\na: 2\n? [b]\n: d",
    "a: 1\na: 1\n? ? ",
    "a: 1\na: 1\n? []",
    "a: 1\na: 1\n? {b: c}\n: d\n",
    "a: 1\na: 1\n*x : 1\n",
    "a: 1\na: 1\nb: &x [*x]\n? *x\n: 1\n",
    "a: 1\na: 1\n- b\n",
    "{a, a, ? ",
    "a: 1\na: 1\n? |\n  x\n: [\n",
    "a: 1\na: 2\nb: " + "[" * 40_000,
    "a: 1\na: 2\nb: " + "{a: " * 40_000,
    "a: 1\na: 2\n" + "? " * 100_000,
    "\ta: [1,\n\t2]\na: 1\na: 1\n? []",
    'a: "\\x01"\na: 1\n? ["\\x02"]',
]


@pytest.mark.parametrize("text", SECOND_PASSES)
def test_yaml_is_read_once_within_bounds(text: str) -> None:
    document, findings = parse_yaml(text.encode(), "f.yaml")
    if document is not None:
        document.at(("a",))
    assert findings
    assert all(1 <= item.source.line <= text.count("\n") + 1 for item in findings if item.source)
    assert cpu_seconds(lambda: parse_yaml(text.encode(), "f.yaml")) < SECONDS
    assert most_memory(lambda: parse_yaml(text.encode(), "f.yaml")) < 32_000_000


@pytest.mark.parametrize("text", SECOND_PASSES)
def test_a_request_of_it_is_only_a_finding(text: str) -> None:
    result = load({"account-requests/shop.yaml": text, "account-requests/_defaults.yaml": text})
    assert result.state is None
    assert all(line.startswith("account-requests/") for line in lines(result))


def nested(before: str, after: str, count: int, inside: str = "x") -> str:
    return before * count + inside + after * count


TEMPLATES = {
    "ifs": nested("{% if 1 %}", "{% endif %}", 200),
    "fors": nested("{% for a in [1] %}", "{% endfor %}", 25),
    "macros": "".join(f"{{% macro m{n}() %}}" for n in range(120)) + "{% endmacro %}" * 120,
    "calls": nested("{% call m() %}", "{% endcall %}", 100),
    "filter blocks": nested("{% filter upper %}", "{% endfilter %}", 200),
    "captured texts": nested("{% set a %}", "{% endset %}", 200),
    "parentheses": "{{ " + nested("(", ")", 1000, "1") + " }}",
    "lists": "{{ " + nested("[", "]", 1000) + " }}",
    "open brackets": "{{ " + "[[" * 1000,
    "mappings": "{{ " + nested("{1: ", "}", 1000, "1") + " }}",
    "nots": "{{ " + "not " * 5000 + "1 }}",
    "minus signs": "{{ " + "-" * 5000 + "1 }}",
    "sums": "{{ 1" + "+1" * 5000 + " }}",
    "powers": "{{ 1" + "**1" * 5000 + " }}",
    "joined texts": "{{ 1" + "~1" * 5000 + " }}",
    "attributes": "{{ account" + ".a" * 5000 + " }}",
    "items": "{{ account" + "[1]" * 5000 + " }}",
    "calls of calls": "{{ account" + "()" * 5000 + " }}",
    "filters": "{{ 1" + "|abs" * 5000 + " }}",
    "tests": "{{ 1" + " is number" * 5000 + " }}",
    "conditions": "{{ 1" + " if 1 else 1" * 3000 + " }}",
    "comparisons": "{{ 1" + " < 1" * 5000 + " }}",
    "ands": "{{ 1" + " and 1" * 5000 + " }}",
    "elifs": "{% if 1 %}" + "{% elif 1 %}" * 3000 + "{% endif %}",
    "calls in calls": "{{ " + nested("range(1, ", ")", 500, "1") + " }}",
    "a number": "{{ " + "9" * 10_000 + " }}",
    "a fraction": "{{ 1." + "9" * 10_000 + " }}",
    "an exponent": "{{ 1e" + "9" * 400 + " }}",
    "one argument twice": "{% macro m(a, a) %}{% endmacro %}",
    "one keyword twice": "{{ range(a=1, a=2) }}",
    "a keyword of Python": "{% macro class(def) %}{% endmacro %}{{ range(None=1) }}",
    "breaks": "{% break %}",
    "a set of nothing": "{% set %}",
    "assigned calls": "{% set a() = 1 %}",
    "an end alone": "{% endif %}" * 100,
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_that_python_cannot_compile_is_a_finding(name: str) -> None:
    source = TEMPLATES[name]
    template_uses(source)
    template_accesses(source)
    found = check_template(source, "t")
    assert [item.path for item in found] == ["t"] * len(found)
    with suppress(Terminal):
        render_template(source, "t", StepInputs(account=facts()))


DEEPEST = {
    "minus signs": "-" * 30,
    "signs of both kinds": "- +" * 15,
    "nots": "not " * 30,
    "powers": "2 ** " * 30,
    "signs in brackets": "-(" * 30,
}


@pytest.mark.parametrize("name", DEEPEST)
def test_signs_in_each_other_are_few_enough_for_a_compiler(name: str) -> None:
    """Each further one costs it more than the last."""
    before = DEEPEST[name]
    after = ")" * before.count("(")
    assert check_template(f"{{{{ {before}1{after} }}}}", "t") == ()
    assert cpu_seconds(lambda: check_template(f"{{{{ {before}1{after} }}}}", "t")) < 0.1
    (found,) = check_template(f"{{{{ - -{before}1{after} }}}}", "t")
    assert "30 signs" in found.message


def test_what_people_write_is_within_the_bounds() -> None:
    source = (
        nested("{% if account.name %}{% for r in account.regions %}", "{% endfor %}{% endif %}", 5)
        + "{% set x = {"
        + ", ".join(f"'k{n}': account.name | replace('a', 'b')" for n in range(300))
        + "} %}{{ x | length }}"
        + "{% set y %}{{ account.name }}{% endset %}{% set z = 1 %}" * 100
        + "{{ account.name ~ '-' ~ account.ou ~ '-' ~ (account.regions | join(', ')) }}"
    )
    assert check_template(source, "t") == ()
    assert render_template(source, "t", StepInputs(account=facts()))


SHARED = (
    "{% set ns = namespace(s=(1,), t=(1,)) %}{% for i in range(40) %}"
    "{% set ns.s = (ns.s, ns.s) %}{% set ns.t = (ns.t, ns.t) %}{% endfor %}"
)
"""Two tuples of few parts, and with very many ways through them."""

BUILDERS = {
    "a list's text": "{% set l = [0] * 100000 %}{% set l = [l] * 1000 %}{{ l }}",
    "a list's text, deeper": "{% set l = ['x' * 1000] * 100 %}"
    "{% set l = [[l] * 100] * 100 %}{{ l }}",
    "json": "{% set l = ['x' * 1000] * 1000 %}{{ ([l] * 1000) | tojson }}",
    "json with indents": "{% set l = [[[[1]]]] * 100000 %}{{ l | tojson(16) }}",
    "formats": "{% set ns = namespace(l=[]) %}{% for i in range(20) %}{% set ns.l = ns.l + "
    "[('{0:999}' * 140000).format('a')] %}{% endfor %}",
    "formats of a long text": "{% set s = 'x' * 100000 %}{{ ('{0}' * 100000).format(s) }}",
    "percent signs": "{% set s = 'x' * 100000 %}{{ ('%(a)s' * 100000) % {'a': s} }}",
    "widths": "{{ ('%999d' * 100000) % ((1,) * 100000) }}",
    "a sum of lists": "{{ (range(9999) | map('list') | list) | sum(start=[]) }}",
    "a sum of lists by start": "{% set l = [[0] * 1000] * 1000 %}{{ l | sum(start=[]) | length }}",
    "sorts": "{% for i in range(1000) %}{% set x = range(9999) | sort %}{% endfor %}",
    "sorts of long texts": "{% set l = ['x' * 100000] * 9999 %}{{ l | sort | length }}",
    "unique ones": "{% for i in range(1000) %}"
    "{% set x = range(9999) | unique | list %}{% endfor %}",
    "groups": "{% for i in range(1000) %}{% set x = range(9999) | groupby(0) %}{% endfor %}",
    "searches in a list": "{% set l = [0] * 1000000 %}{% for i in range(9999) %}"
    "{% if 1 in l %}{% endif %}{% endfor %}",
    "searches in a text": "{% set s = 'x' * 1000000 %}{% for i in range(9999) %}"
    "{% if s.count('xy') %}{% endif %}{% endfor %}",
    "comparisons": "{% set a = [0] * 999999 %}{% set b = a + [1] %}{% for i in range(9999) %}"
    "{% if a + [1] == b %}{% endif %}{% endfor %}",
    "slices": "{% set l = [0] * 1000000 %}{% for i in range(9999) %}"
    "{% set m = l[1:] %}{% endfor %}",
    "indents": "{{ ('\\n' * 100000) | indent(1000, true) }}",
    "indents by a text": "{{ ('\\n' * 10000) | indent('x' * 10000) }}",
    "splits": "{% set ns = namespace(l=[]) %}{% for i in range(99) %}"
    "{% set ns.l = ns.l + [('ab ' * 300000).split()] %}{% endfor %}",
    "joins": "{{ ('x' * 10000).join(('y' * 1000,) * 9999) }}",
    "joins of a generator": "{{ ('x' * 10000).join(range(9999) | map('string')) }}",
    "lists kept": "{% set ns = namespace(l=[]) %}{% for i in range(9999) %}"
    "{% set ns.l = [ns.l] + [0] * 100000 %}{% endfor %}",
    "literals kept": "{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set ns.l = ns.l + "
    "[[" + "0, " * 5000 + "]] %}{% endfor %}",
    "large numbers": "{{ ('f' * 900000) | int(0, 16) // 3 }}",
    "replacements of nothing": "{{ ('x' * 100000).replace('', 'y' * 100) }}",
    "batches": "{% for i in range(9999) %}{% set x = [1] | batch(10000, 'x') | list %}{% endfor %}",
    "a body in a macro": "{% macro m() %}"
    + "{% set a = 1 %}" * 1500
    + "{% endmacro %}{% for i in range(9999) %}{{ m() }}{% endfor %}",
    "a body in loops": "{% for a in range(9999) %}{% for b in range(9) %}"
    + "{% set a = 1 %}" * 1500
    + "{% endfor %}{% endfor %}",
    "upper of long texts": "{% set s = 'x' * 1000000 %}{% for i in range(9999) %}"
    "{% set t = s | upper %}{% endfor %}",
    "escapes of a url": "{% set s = '\U0001f600' * 200000 %}{{ s | urlencode }}",
    "a width in other digits": "{{ '{:٩٩٩٩٩٩٩٩٩}'.format(1) }}",
    "a width behind a brace": "{{ '{0[}]:999999999}'.format({'}': 1}) }}",
    "a width in a width": "{{ '{0[{]:{1}}'.format({'{': 1}, 999999999) }}",
    "a width behind a key": "{{ '%(abc)999999999d' % {'abc': 1} }}",
    "a width behind keys in keys": "{{ '%(a(b)c)999999999d' % {'a(b)c': 1} }}",
    "a key that shares its parts": SHARED + "{{ {ns.s: 1} | length }}",
    "a key that is looked for": SHARED + "{{ {1: 2}[ns.s] }}",
    "a key of dict()": SHARED + "{{ dict([[ns.s, 1]]) | length }}",
    "changes of what shares its parts": SHARED
    + "{% for x in [ns.s, ns.t] %}{{ loop.changed(x) }}{% endfor %}",
    "signs to strip": "{% set s = 'x' * 1000000 %}{{ s.strip('y' * 900000 ~ 'x') }}",
    "signs to strip at the end": "{{ ('x' * 1000000).rstrip('y' * 900000 ~ 'x') }}",
    "a search from the end": "{% set s = 'a' * 1000000 %}"
    "{{ s.rpartition('ab' ~ 'a' * 400000) | length }}",
    "splits from the end": "{{ ('a' * 1000000).rsplit('ab' ~ 'a' * 400000) | length }}",
    "a call block": "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}"
    + nested("{% call m() %}", "{% endcall %}", 14, "x" * 1000),
}

HOLDING = (
    "a width behind a brace",
    "a width behind a key",
    "a width behind keys in keys",
    "a width in other digits",
    "formats",
    "formats of a long text",
    "json",
    "joins",
    "lists kept",
    "literals kept",
    "splits",
)
"""Those that would hold what they build."""


@pytest.mark.parametrize("name", BUILDERS)
def test_a_template_pays_for_what_it_builds(name: str) -> None:
    def render() -> None:
        with pytest.raises(Terminal):
            render_template(BUILDERS[name], "t", StepInputs(account=facts()))

    assert cpu_seconds(render) < SECONDS
    if name in HOLDING:
        assert most_memory(render) < 300_000_000


STEPS = {
    "10-a.cfn.json": [
        "[" * 200_000,
        '{"Resources": ' + "9" * 5_000 + "}",
        '{"a":' * 30_000,
        "\ud7ff",
    ],
    "10-a.cfn.yaml": ["{{ " + "(" * 1000, "a: " + "[" * 100_000, "Resources: " + "!Sub " * 20_000],
    "10-a.py": ["(" * 50_000, "-" * 50_000 + "1", "x = " + "9" * 5_000, "a" + ".a" * 50_000, "\0"],
    "terraform/main.tf": ['"${' * 400, "a{" * 30_000, "<<A\n" * 30_000, "/*" * 30_000],
    "terraform/main.tf.json": ["[" * 200_000, "9" * 5_000, '{"output": ["a"]}', '{"output": 1}'],
    "terraform/main.jinja": ["{% if 1 %}" * 200, "{{ " + "not " * 5000 + "1 }}", "\n" * 100_000],
    "customization.yaml": [*SECOND_PASSES],
}


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in STEPS.items() for text in texts]
)
def test_a_customization_of_it_is_a_finding_at_most(name: str, text: str) -> None:
    def read() -> None:
        _, findings = parsed({f"accounts/a/{name}": text, "accounts/a/20-b.sh": "true\n"})
        assert all(item.path.startswith("customizations/accounts/a") for item in findings)

    assert cpu_seconds(read) < SECONDS


def test_hcl_of_any_depth() -> None:
    with pytest.raises(HclProblem):
        hcl_blocks('a = "' + "${" * 400)
    (first, *_, last) = hcl_blocks('a "b" {\n  c {}  d {\n  }\n}\n')
    assert (first.words, first.depth) == (("c",), 1)
    assert (last.words, last.depth) == (("a", "b"), 0)


def test_json_has_one_error_for_all_its_ends() -> None:
    for text in ("[" * 100_000, "9" * 5_000, "{", '"\ud800', b"\xff", "nul", "[" * 201 + "]" * 201):
        with pytest.raises(BadJson):
            read_json(text)
    with pytest.raises(BadJson):
        read_json('{"a": "\\ud800"}', halves=False)
    assert read_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert read_json('["' + "[" * 1000 + '"]') == ["[" * 1000]
    assert read_json('{"a": "\\ud800"}') == {"a": "\ud800"}


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":"\\ud800"}', "9" * 5_000, '{"digest": 1}'])
def test_a_plan_that_is_none(text: str) -> None:
    with pytest.raises(UserError):
        plan_from_json(text)
    with pytest.raises(UnreadablePlan):
        read_plan(text, binding="")


def test_no_more_findings_than_people_read() -> None:
    text = request_text("shop") + "depends_on: [" + ", ".join(f"x{n}" for n in range(9000)) + "]\n"
    result = load({"account-requests/shop.yaml": text})
    assert len(result.findings) == MAX_FINDINGS + 1
    assert "more than 100 findings" in " ".join(item.message for item in result.findings)
    assert sum("did you mean" in item.hint for item in result.findings) <= 20
    assert cpu_seconds(lambda: load({"account-requests/shop.yaml": text})) < SECONDS


def test_only_as_many_findings_are_made() -> None:
    made = []

    def findings() -> object:
        for number in range(10_000):
            made.append(number)
            yield Finding(code="AFT101", source=SourceRef("f", number + 1), message="x")

    assert len(few(findings(), "f")) == MAX_FINDINGS + 1  # type: ignore[arg-type]  # a generator
    assert len(made) == MAX_FINDINGS + 1


@pytest.mark.parametrize(
    "error",
    [RecursionError, SyntaxError, IndentationError, MemoryError, ValueError, IndexError, KeyError],
)
def test_any_error_of_a_parser_is_a_finding(error: type[Exception]) -> None:
    def parse() -> None:
        raise error("a text of the file")

    found = parsed_by(parse, "f")
    assert isinstance(found, Finding)
    assert "a text of the file" not in found.message
