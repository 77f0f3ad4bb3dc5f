from __future__ import annotations

from typing import Any

import pytest
from builders_inside import facts
from counting import lines_run, most_memory

from aft.customizations.model import StepInputs
from aft.customizations.render import (
    check_template,
    render_template,
    template_accesses,
    template_uses,
)
from aft.errors import Terminal
from aft.organization.model import Contact

GROWING = (
    "{%% set n = namespace(s='aaaaaaaa') %%}{%% for a in range(99) %%}"
    "{%% set n.s = %s %%}{%% endfor %%}"
)
PATH = "customizations/global/10-a.cfn.yaml"


def rendered(source: str, outputs: dict[str, dict[str, str]] | None = None, **changes: Any) -> str:
    fields = {"tier": "gold", "vpc": {"cidr": "10.0.0.0/16"}, "zones": ["a", "b"], "items": 3}
    account = facts(**{"custom_fields": fields, **changes})
    return render_template(source, PATH, StepInputs(account=account, outputs=outputs or {}))


def failure(source: str, outputs: dict[str, dict[str, str]] | None = None) -> str:
    with pytest.raises(Terminal) as caught:
        rendered(source, outputs)
    return caught.value.message


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ account.name }} {{ account.id }}", "Payments (Prod) 123456789012"),
        ("{{ account.ou }} in {{ account.home_region }}", "Workloads/Prod in eu-central-1"),
        ("{{ account.owner.team }}", "payments"),
        ("{{ account.contacts.billing.email }}", "b@example.com"),
        ("{{ custom_fields.vpc.cidr }}", "10.0.0.0/16"),
        ("{{ custom_fields.items }}", "3"),
        ("{{ tags['cost-center'] }}", "4711"),
        ("{{ tags.missing | default('none') }}", "none"),
        ("{% for zone in custom_fields.zones %}{{ loop.index }}{{ zone }}{% endfor %}", "1a2b"),
        ("{{ custom_fields.vpc | tojson }}", '{"cidr": "10.0.0.0/16"}'),
        ("{{ account.name.replace(' ', '') | lower }}", "payments(prod)"),
        ("{{ account.regions | join(',') }}", "eu-central-1,eu-west-1"),
        ("<{{ '&' }}>", "<&>"),
        ("line\n", "line\n"),
        ("{{ '{{' }}", "{{"),
    ],
)
def test_what_a_template_sees(source: str, text: str) -> None:
    contact = Contact(name="B", title="T", email="b@example.com", phone="1")
    assert rendered(source, contacts={"billing": contact}) == text


def test_outputs_of_earlier_steps() -> None:
    source = '{{ outputs["web/10-bucket.cfn.yaml"].BucketName }}'
    assert rendered(source, {"web/10-bucket.cfn.yaml": {"BucketName": "b"}}) == "b"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{resolve:ssm:/a/b:1}}", "{{resolve:ssm:/a/b:1}}"),
        ("{{resolve:ssm:/{{ account.id }}/b}}", "{{resolve:ssm:/123456789012/b}}"),
        ("{% raw %}{{resolve:ssm:/a}}{{ x }}{% endraw %}", "{{resolve:ssm:/a}}{{ x }}"),
        ("{{ '{{resolve:ssm:/a}}' }}", "{{resolve:ssm:/a}}"),
    ],
)
def test_cloudformations_dynamic_references_pass_through(source: str, text: str) -> None:
    assert check_template(source, PATH) == ()
    assert rendered(source) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ outputs['10-x.cfn.yaml'].Key | round }}",
        "{{ 'x'.index(outputs['10-x.cfn.yaml'].Key) }}",
        "{{ '{:d}'.format(outputs['10-x.cfn.yaml'].Key) }}",
        "{{ outputs['10-x.cfn.yaml'].Key.encode('ascii').decode('utf-16') }}",
        "{{ [].index(outputs['10-x.cfn.yaml'].Key) }}",
    ],
)
def test_no_value_is_quoted_that_an_expression_stumbled_over(source: str) -> None:
    said = failure(source, {"10-x.cfn.yaml": {"Key": "hunter2-é"}})
    assert said.startswith(f"{PATH}:1: ")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "a\n\n{{ custom_fields.vpc.cdir }}",
            f"{PATH}:3: custom_fields.vpc has no 'cdir'; did you mean 'cidr'?",
        ),
        ("{{ outputs['x'].y }}", f"{PATH}:1: outputs has no 'x'; it has nothing"),
        ("\n{{ tags.owner }}", f"{PATH}:2: tags has no 'owner'; it has cost-center"),
        ("\n{{ 1 / 0 }}", f"{PATH}:2: division by zero"),
        ("{{ account.name + 1 }}", f'{PATH}:1: can only concatenate str (not "int") to str'),
        ("{{ none }}", f"{PATH}:1: an expression is null here"),
    ],
)
def test_what_is_missing_is_named_with_its_line(source: str, message: str) -> None:
    assert failure(source).startswith(message)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ account.__init__.__globals__ }}",
        "{{ custom_fields.update({'a': 1}) }}",
        "{{ custom_fields.zones.append('c') }}",
        "{% include '/etc/passwd' %}",
        "{% import 'x' as y %}",
        "{{ cycler('a').next() }}",
        "{{ lipsum() }}",
        "{{ 'x' | attr('__class__') }}",
        "{{ [1] | random }}",
        "{{ 'x'.encode() }}",
        "{{ '{0.__class__}'.format(account) }}",
    ],
)
def test_the_sandbox_has_no_way_out(source: str) -> None:
    assert failure(source)


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
        "{{ range(1000000) | list }}",
        "{{ 'x' * 10000000 }}",
        "{{ [0] * 10000000 }}",
        "{{ 9 ** 99999 }}",
        GROWING % "n.s ~ n.s",
        GROWING % "n.s + n.s",
        GROWING % "n.s.replace('a', 'aaaa')",
        GROWING % "n.s | replace('a', 'aaaa')",
        "{{ range(9999) | join('x' * 1000) }}",
        "{{ '{:999999999}'.format('x') }}",
        "{{ '%999999999d' % 1 }}",
        "{{ 'x' | indent(999999999, true) }}",
        "{{ 1.5 | round(999999999) }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set text %}{% for a in range(9999) %}" + "x" * 2000 + "{% endfor %}{% endset %}",
    ],
)
def test_a_template_cannot_eat_the_machine(source: str) -> None:
    assert lines_run(lambda: failure(source)) < 500_000
    assert most_memory(lambda: failure(source)) < 8_000_000


# --- offline checks -------------------------------------------------------------------------


def places(source: str) -> list[tuple[str, int, int]]:
    found = check_template(source, PATH)
    return [(item.code, item.source.line, item.source.column) for item in found]


@pytest.mark.parametrize(
    ("source", "expected", "words"),
    [
        ("a\n{% if x %}\nb", ("AFT601", 2, 1), "endif"),
        ("a: {{ acount.name }}", ("AFT602", 1, 7), "'acount' is not defined"),
        ("a\nb: {{ account.nmae }}", ("AFT602", 2, 7), "account has no 'nmae'"),
        ("{{ account.name | uper }}", ("AFT602", 1, 19), "there is no filter 'uper'"),
        ("{{ 1 is evn }}", ("AFT602", 1, 9), "there is no test 'evn'"),
        ("x\n  {% include 'a' %}", ("AFT603", 2, 6), "'include' is not allowed in templates"),
    ],
)
def test_findings_have_their_place(source: str, expected: tuple[str, int, int], words: str) -> None:
    (finding,) = check_template(source, PATH)
    assert (finding.code, finding.source.line, finding.source.column) == expected
    assert words in finding.message


def test_a_near_miss_is_suggested() -> None:
    hints = [item.hint for item in check_template("{{ acount.nme }}{{ tag.x }}{{ tier }}", PATH)]
    assert hints == [
        "did you mean 'account'?",
        "did you mean 'tags'?",
        "did you mean custom_fields.tier?",
    ]


def test_every_unknown_name_is_told_at_once() -> None:
    assert places("{{ a }}\n{{ b }}\n{{ account.c }}") == [
        ("AFT602", 1, 4),
        ("AFT602", 2, 4),
        ("AFT602", 3, 4),
    ]


def test_names_a_template_makes_itself_are_known() -> None:
    source = (
        "{% set x = 1 %}{% for y in range(2) %}{{ x }}{{ y }}{{ loop.index }}{% endfor %}"
        "{% macro m(z) %}{{ z }}{% endmacro %}{{ m(1) }}"
    )
    assert check_template(source, PATH) == ()


@pytest.mark.parametrize(
    ("source", "used"),
    [
        ("nothing", set()),
        ("{{ account.id }}{{ tags.a }}", {"account_id", "tags"}),
        ("{{ account.custom_fields.x }}", {"custom_fields"}),
        ("{{ outputs['a/b'].c }}", {"outputs"}),
        ("{% for key in custom_fields %}{{ key }}{% endfor %}", {"custom_fields"}),
        ("{% if account.ou == 'x' %}{{ tags.y }}{% endif %}", {"ou", "tags"}),
    ],
)
def test_which_inputs_are_read(source: str, used: set[str]) -> None:
    assert template_uses(source) == used


def test_an_account_as_a_whole_is_all_of_it() -> None:
    assert template_uses("{{ account }}") == template_uses("{{ account[tags.x] }}") | {"tags"} - {
        "outputs"
    }
    assert "email" in template_uses("{% set a = account %}{{ a.name }}")
    assert "outputs" in template_uses("{% if %}")


@pytest.mark.parametrize(
    ("source", "certain"),
    [
        ("{{ custom_fields.a.b }}", {"custom_fields.a.b"}),
        ("{{ custom_fields['a-b'] }}", {"custom_fields['a-b']"}),
        ("{{ custom_fields.a | default(1) }}", {"custom_fields"}),
        ("{{ custom_fields.a.b | default(1) }}", {"custom_fields.a"}),
        ("{% if tags.a is defined %}{{ tags.a }}{% endif %}", {"tags"}),
        ("{% if tags.a %}x{% endif %}", {"tags.a"}),
        ("{{ tags.a if tags.b else tags.c }}", {"tags.b"}),
        ("{{ tags.a and tags.b }}", {"tags.a"}),
        ("{{ tags.get('a', 'b') }}", {"tags"}),
        ("{% for x in tags.a %}{{ tags.b }}{% endfor %}", {"tags.a"}),
        ("{% for tags in [1] %}{{ tags.a }}{% endfor %}", set()),
    ],
)
def test_what_a_template_surely_reads(source: str, certain: set[str]) -> None:
    found = {str(item) for item in template_accesses(source) if item.is_certain}
    assert found == certain
