from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from builders_inside import facts
from builders_requests import MemoryFiles

from aft.customizations.digests import step_digest
from aft.customizations.manifest import parse_customizations
from aft.customizations.model import Customization, CustomizationRunner, StepInputs
from aft.customizations.reads import check_step_inputs
from aft.files import EntryKind
from aft.findings.model import Finding, SourceRef
from aft.plugins import RUNNERS_GROUP, load_plugins

RUNNERS: Mapping[str, CustomizationRunner] = load_plugins(RUNNERS_GROUP, lambda item: item.kind)
TEMPLATE = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n"
STEP = "def customize(context):\n    return {}\n"


def parsed(
    files: Mapping[str, str | bytes], **options: Any
) -> tuple[Mapping[str, Customization], tuple[Finding, ...]]:
    below = {f"customizations/{path}": content for path, content in files.items()}
    return parse_customizations(MemoryFiles(below, **options), RUNNERS)


def codes(files: Mapping[str, str | bytes], **options: Any) -> list[tuple[str, str]]:
    _, findings = parsed(files, **options)
    return [(item.code, item.source.path.removeprefix("customizations/")) for item in findings]


def test_steps_in_name_order_with_their_support_files() -> None:
    found, findings = parsed(
        {
            "global/10-role.cfn.yaml": TEMPLATE,
            "accounts/web/20-publish.py": STEP,
            "accounts/web/10-bucket.cfn.json": '{"Resources": {"A": {}}}',
            "accounts/web/9-last.py": STEP,
            "accounts/web/_names.py": "A = 1\n",
            "accounts/web/data/zones.json": "[]",
            "accounts/web/README.md": "# Web",
            "accounts/web/__pycache__/20-publish.cpython-311.pyc": b"\xff",
            "README.md": "# Customizations",
            "baselines/standard.yaml": "settings: []",
            "organization/organization.yaml": "removed: []",
        }
    )
    assert findings == ()
    assert set(found) == {"global", "web"}
    web = found["web"]
    assert [(step.id, step.kind) for step in web.steps] == [
        ("web/10-bucket.cfn.json", "cloudformation"),
        ("web/20-publish.py", "python"),
        ("web/9-last.py", "python"),
    ]
    support = {item.path.rsplit("/", 1)[-1] for item in web.steps[0].support}
    assert support == {"_names.py", "zones.json"}
    assert web.source == SourceRef("customizations/accounts/web")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("accounts/web/main.tf", "AFT620"),
        ("accounts/web/providers.jinja", "AFT620"),
        ("accounts/web/customization.yml", "AFT620"),
        ("accounts/web/notes.txt", "AFT620"),
        ("accounts/web/template.yaml", "AFT620"),
        ("accounts/web/.cfn.yaml", "AFT620"),
        ("accounts/stray.py", "AFT622"),
        ("globl/10-a.py", "AFT622"),
        ("10-a.py", "AFT622"),
        ("accounts/global/10-a.py", "AFT621"),
        ("accounts/web/10 a.py", "AFT621"),
    ],
)
def test_what_does_not_belong_is_a_finding(path: str, code: str) -> None:
    assert [found for found, _ in codes({path: STEP})] == [code]


def test_a_folder_without_steps_is_a_finding() -> None:
    assert codes({"accounts/web/_only.py": "x"}) == [("AFT623", "accounts/web")]


def test_names_that_differ_by_case_only() -> None:
    files = {"accounts/Web/10-a.py": STEP, "accounts/web/10-a.py": STEP}
    assert codes(files) == [("AFT621", "accounts/web")]


def test_links_and_large_files_are_not_read() -> None:
    link = "customizations/global/10-a.py"
    assert parsed({"global/10-a.py": STEP}, kinds={link: EntryKind.SYMLINK}) == ({}, ())
    assert codes({"global/10-a.py": STEP, "global/_big": b"x" * (1024 * 1024 + 1)}) == []


def test_runners_check_their_steps_at_their_place() -> None:
    _, findings = parsed(
        {
            "global/10-a.cfn.yaml": TEMPLATE + "    Name: {{ acount.name }}\n",
            "global/20-b.py": "def customise(context):\n    pass\n",
            "global/30-c.py": "def customize(context)\n    pass\n",
        }
    )
    assert [(item.code, item.source.line, item.source.column) for item in findings] == [
        ("AFT602", 4, 14),
        ("AFT611", 1, 1),
        ("AFT610", 1, 23),
    ]


def test_outputs_must_come_from_an_earlier_step() -> None:
    def using(step: str) -> str:
        return (
            TEMPLATE
            + f"# {{{{ outputs['{step}'].Arn }}}}\n"
            + "Outputs:\n  Arn:\n    Value: !Ref Topic\n"
        )

    _, findings = parsed(
        {
            "global/10-a.cfn.yaml": using("web/10-c.cfn.yaml"),
            "global/20-b.cfn.yaml": using("global/10-a.cfn.yaml"),
            "accounts/web/10-c.cfn.yaml": using("web/20-d.cfn.yaml"),
            "accounts/web/20-d.cfn.yaml": using("web/10-e.cfn.yaml"),
            "accounts/db/10-x.cfn.yaml": using("web/10-c.cfn.yaml"),
        }
    )
    assert [(item.code, item.source.path.rsplit("/", 1)[-1]) for item in findings] == [
        ("AFT606", "10-c.cfn.yaml"),
        ("AFT606", "20-d.cfn.yaml"),
        ("AFT606", "10-a.cfn.yaml"),
    ]
    assert findings[1].hint == "did you mean 'web/10-c.cfn.yaml'?"
    assert findings[0].source.line == 4


# --- what accounts must have ----------------------------------------------------------------


def test_a_value_that_a_template_needs_and_an_account_lacks() -> None:
    found, _ = parsed(
        {
            "accounts/web/10-a.cfn.yaml": TEMPLATE
            + "# {{ custom_fields.vpc.cidr }} {{ tags.team | default('x') }} "
            + "{{ account.owner.team }}",
            "accounts/web/20-b.cfn.yaml": TEMPLATE + "# {{ custom_fields.vpc.cidr }}",
        }
    )
    where = SourceRef("account-requests/payments-prod.yaml", 7, 3)
    (finding,) = check_step_inputs(found["web"], facts(), source=where)
    assert (finding.code, finding.source) == ("AFT605", where)
    assert finding.message == (
        "custom_fields.vpc is not set for 'payments-prod', and "
        "customizations/accounts/web/10-a.cfn.yaml:4:6 of customization 'web' uses it"
    )
    complete = facts(custom_fields={"vpc": {"cidr": "10.0.0.0/16"}})
    assert check_step_inputs(found["web"], complete, source=where) == ()
    ownerless = facts(custom_fields={"vpc": {"cidr": "x"}}, owner={})
    (finding,) = check_step_inputs(found["web"], ownerless, source=where)
    assert "account.owner.team is not set" in finding.message


# --- digests --------------------------------------------------------------------------------


def digest_of(
    content: str = "# {{ tags.team }}",
    support: str = "x",
    version: int = 1,
    outputs: Mapping[str, Mapping[str, str]] | None = None,
    **changes: Any,
) -> str:
    found, findings = parsed(
        {"global/10-a.cfn.yaml": TEMPLATE + content, "global/_more.txt": support}
    )
    assert findings == ()
    return step_digest(
        found["global"].steps[0],
        StepInputs(account=facts(**changes), outputs=outputs or {}),
        effect_version=version,
    )


def test_a_digest_covers_content_version_and_used_inputs_only() -> None:
    same = digest_of()
    assert digest_of(name="other", custom_fields={"a": 1}, regions=()) == same
    assert digest_of(outputs={"x/y": {"a": "b"}}) == same
    assert digest_of(account_id=None) == same
    changed = [
        digest_of(content="# {{ tags.team }} "),
        digest_of(support="y"),
        digest_of(version=2),
        digest_of(tags={"team": "b"}),
        digest_of(request_id="other"),
    ]
    assert len({same, *changed}) == 6


def test_an_output_that_a_template_surely_does_not_have() -> None:
    outputs = "Outputs:\n  TopicArn:\n    Value: !Ref Topic\n"
    _, findings = parsed(
        {
            "global/10-a.cfn.yaml": TEMPLATE + outputs,
            "global/20-b.cfn.yaml": TEMPLATE + "# {{ outputs['global/10-a.cfn.yaml'].TopicArm }}",
            "global/30-c.py": "def customize(context):\n"
            "    return {'x': context.outputs['global/10-a.cfn.yaml']['Topic']}\n",
        }
    )
    assert [(item.code, item.source.line, item.source.column) for item in findings] == [
        ("AFT606", 4, 6),
        ("AFT606", 2, 18),
    ]
    assert findings[0].hint == "did you mean 'TopicArn'?"


def test_outputs_count_where_they_are_used() -> None:
    files = {
        "global/10-a.cfn.yaml": TEMPLATE,
        "global/20-b.cfn.yaml": TEMPLATE + "# {{ outputs['global/10-a.cfn.yaml'].Arn }}",
    }
    found, _ = parsed(files)
    digests = [
        step_digest(
            found["global"].steps[1],
            StepInputs(account=facts(), outputs={"global/10-a.cfn.yaml": {"Arn": arn}}),
            effect_version=1,
        )
        for arn in ("a", "b")
    ]
    assert digests[0] != digests[1]


def test_a_digest_that_needs_an_unknown_account_id_is_not_known() -> None:
    assert digest_of("# {{ account.id }}", account_id=None) == ""
