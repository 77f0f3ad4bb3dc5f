"""The parts of pages that are made from the code: ``<!-- generated: NAME -->`` to the next
``<!-- end -->``, and the JSON Schemas."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import get_args

import click

from aft.account_provider import AccountProviderPlugin
from aft.baselines.model import BaselineSetting
from aft.baselines.parse import BaselineFile
from aft.cli.main import VERBS, cli
from aft.config.model import Config
from aft.customizations.customization_file import CustomizationFile
from aft.customizations.model import ClaimsFolders, CustomizationRunner
from aft.customizations.template_bounds import FILTERS
from aft.customizations.template_values import ACCOUNT_FIELDS
from aft.desired.raw import NOT_ACTED_ON, REQUIRED, RequestFile
from aft.desired.schema import SchemaName, json_schema
from aft.findings.codes import finding_codes
from aft.kinds.registry import installed_kinds
from aft.organization.model import NOT_FOR_STEPS, AccountFacts
from aft.organization.raw import NOT_ACTED_ON as ORGANIZATION_LATER
from aft.organization.raw import OrganizationFile
from aft.plugins import PROVIDERS_GROUP, RUNNERS_GROUP, SETTINGS_GROUP, load_plugins
from aft.policy_language.policy_types import AS_OF, POLICY_TYPES
from aft.sandbox.profiles import Profile, behaviour_of
from aft.scaffold.permissions import APPLY, MEMBER, NO_DATA, NO_OBJECTS, PLAN, READER
from aft.values.grants import OWN_ACCOUNT, PARTITION, Grant

from .models import fields_table, parts_of, table

DOCS = Path(__file__).parents[2] / "docs"

_PART = re.compile(
    r"(<!-- generated: (?P<name>[a-z0-9-]+) -->)(?P<gap>\n?)(?P<body>.*?)(<!-- end -->)", re.DOTALL
)

_LOADED: Mapping[str, BaselineSetting] = load_plugins(SETTINGS_GROUP, lambda item: item.name)
SETTINGS = tuple(setting for _, setting in sorted(_LOADED.items()))
_PROVIDERS: Mapping[str, AccountProviderPlugin] = load_plugins(
    PROVIDERS_GROUP, lambda item: item.name
)
_KINDS: Mapping[str, str] = {
    "cloudformation": "a CloudFormation template, rendered with Jinja2",
    "python": "a function `customize(context)`",
    "shell": "a bash script; `api_helpers/` contains AFT's scripts, if there is no `terraform/`",
    "terraform": "a folder of Terraform or OpenTofu; `terraform/` is AFT's layout",
}

RANGES = {
    "1": "YAML",
    "2": "Fields of any file",
    "3": "Across requests",
    "4": "The organization and its policies",
    "5": "Baselines",
    "6": "Customizations",
    "7": "aft.yaml",
    "8": "Files and folders of the repository",
    "9": "Plans and safety",
}


def request_fields() -> str:
    return fields_table(RequestFile, anchors="field-", needed=" ".join(REQUIRED))


def request_parts() -> str:
    return "\n".join(parts_of(RequestFile))


def request_later() -> str:
    rows = [(f"`{name}`", words) for name, words in NOT_ACTED_ON.items()]
    return table(("field", "requested feature"), rows)


def config_fields() -> str:
    return fields_table(Config, anchors="key-")


def config_parts() -> str:
    return "\n".join(parts_of(Config))


def organization_fields() -> str:
    return fields_table(OrganizationFile)


def organization_parts() -> str:
    return "\n".join(parts_of(OrganizationFile))


def organization_later() -> str:
    rows = [(f"`{name}`", words) for name, words in ORGANIZATION_LATER.items()]
    return table(("key", "requested feature"), rows)


def baseline_fields() -> str:
    return fields_table(BaselineFile)


def baseline_parts() -> str:
    return "\n".join(parts_of(BaselineFile))


def setting_list() -> str:
    rows = [
        (
            f"[`{setting.name}`](settings.md#{setting.name})",
            setting.description,
            "every governed region" if setting.regional else "once per account",
        )
        for setting in SETTINGS
    ]
    return table(("setting", "what it manages", "applies"), rows)


def setting_parameters(name: str) -> str:
    setting = next(item for item in SETTINGS if item.name == name)
    works = "In every governed region." if setting.regional else "Once per account."
    model = setting.parameters_model
    facts = what_aws_does(setting)
    if not model.model_fields:
        return f"{setting.description} {works}\n\nNo parameters.\n\n{facts}"
    body = "\n\n".join((fields_table(model), facts))
    return f"{setting.description} {works}\n\n{body}\n\n" + "\n".join(parts_of(model))


def what_aws_does(setting: BaselineSetting) -> str:
    """The paragraphs of its class or module about AWS, with quotas, quirks and their sources."""
    docs = (inspect.getdoc(item) for item in (type(setting), sys.modules[type(setting).__module__]))
    told = [
        part for text in docs if text for part in text.split("\n\n") if part.startswith("AWS (")
    ]
    words = " ".join("\n\n".join(told).split()).replace("``", "`")
    return textwrap.fill(words, 110, break_long_words=False, break_on_hyphens=False)


def step_kinds() -> str:
    runners: Mapping[str, CustomizationRunner] = load_plugins(RUNNERS_GROUP, lambda item: item.kind)
    assert runners.keys() == _KINDS.keys()
    rows = [
        (", ".join(_claimed(runners[kind])), f"`{kind}`", words) for kind, words in _KINDS.items()
    ]
    return table(("file", "type", "description"), rows)


def _claimed(runner: CustomizationRunner) -> tuple[str, ...]:
    folders = runner.folders if isinstance(runner, ClaimsFolders) else ()
    return (
        *(f"`*{suffix}`" for suffix in runner.suffixes),
        *(f"`{folder}/`" for folder in folders),
    )


def customization_fields() -> str:
    return fields_table(CustomizationFile)


def customization_parts() -> str:
    return "\n".join(parts_of(CustomizationFile))


def template_account() -> str:
    rows = [(f"`account.{name}`", _FACTS[field]) for name, field in ACCOUNT_FIELDS.items()]
    return table(("name", "description"), rows)


def python_account() -> str:
    rows = [
        (f"`context.account.{field.name}`", _FACTS[field.name])
        for field in dataclasses.fields(AccountFacts)
        if field.name not in NOT_FOR_STEPS
    ]
    return table(("attribute", "description"), rows)


_FACTS: Mapping[str, str] = {
    "request_id": "the request's id",
    "account_id": "the account's id, twelve digits",
    "name": "the account's name",
    "email": "the root e-mail address",
    "ou": "the path of its OU; text in templates; in Python, `str(…)` returns the path",
    "home_region": "`home_region` of aft.yaml",
    "regions": "its governed regions, the home region first",
    "tags": "the request's tags",
    "owner": "`team` and `email`; empty if the request has no owner",
    "contacts": "by `billing`, `operations`, `security`: `name`, `title`, `email`, `phone`",
    "custom_fields": "the request's custom fields",
    "allocations": "address ranges allocated to its settings: `allocations.network`",
}


def filters() -> str:
    return ", ".join(f"`{name}`" for name in sorted({*FILTERS, "tojson"}))


def policy_types() -> str:
    rows = []
    for item in POLICY_TYPES.values():
        limits = item.limits
        since = f"; since {item.since}" if item.since is not None else ""
        rows.append(
            (
                f"`{item.name}`",
                ", ".join(f"`{key}`" for key in item.top_level) or "not checked",
                f"{limits.characters:,}",
                f"{limits.least_attached} to {limits.attached}",
                f"{limits.policies:,}",
                f"{item.source}{since}",
            )
        )
    head = ("type", "top level", "characters", "per target", "per organization", "source")
    return f"As of {AS_OF}.\n\n" + table(head, rows)


def change_kinds() -> str:
    return "; ".join(
        f"`{kind.name}` ({', '.join(f'`{action.value}`' for action in kind.verbs)})"
        for kind in installed_kinds().values()
        if kind.verbs
    )


def toy(name: str) -> str:
    """A module of the toy kinds, which the tests take the whole way."""
    text = (Path(__file__).parents[1] / "toys" / name).read_text(encoding="utf-8")
    return f"\n```python\n{text}```\n"


def risks() -> str:
    found: dict[str, str] = {}
    for risk in (risk for kind in installed_kinds().values() for risk in kind.risks):
        words = found.setdefault(risk.code, risk.words)
        if risk.words not in words:
            found[risk.code] = f"{words}, or {risk.words}"
    return ", ".join(f"`{code}` ({words})" for code, words in sorted(found.items()))


def profiles() -> str:
    knobs = {
        "creation_seconds": "CreateAccount takes",
        "role_usable_seconds": "its role can be assumed after",
        "closure_seconds": "closing takes",
        "region_opt_seconds": "opting in to a region takes",
        "tagging_lag_seconds": "the tagging API lags by",
        "concurrent_creations": "creations at once",
        "account_quota": "account quota",
        "throttle": "calls are throttled",
        "fault_probability": "calls that fail at random",
    }
    rows = [
        (words, *(_knob(knob, getattr(behaviour_of(profile), knob)) for profile in Profile))
        for knob, words in knobs.items()
    ]
    return table(("", *(f"`{profile.value}`" for profile in Profile)), rows)


def _knob(knob: str, value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case (float() as low, float() as high):
            return f"{low:g} to {high:g} s" if high else "no time, but is asynchronous"
        case float() if knob == "fault_probability":
            return f"{value:.0%}"
        case float():
            return f"{value:,.0f} s"
    return str(value)


def findings() -> str:
    lines: list[str] = []
    for digit, title in RANGES.items():
        lines += [f"## {digit}xx: {title}", ""]
        for code, entry in finding_codes().items():
            if code[3] == digit:
                lines += [f'### <a id="{code.lower()}"></a>{code} {entry.title}', ""]
                lines += [_escaped(entry.meaning), "", f"**Remedy.** {_escaped(entry.remedy)}", ""]
    return "\n".join(lines)


def finding_list() -> str:
    rows = [
        (
            f"[{title}](#{digit}xx-{_slug(title)})",
            " ".join(f"[{code}](#{code.lower()})" for code in finding_codes() if code[3] == digit),
        )
        for digit, title in RANGES.items()
    ]
    return table(("about", "codes"), rows)


def _slug(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _escaped(text: str) -> str:
    """Angle brackets and asterisks outside code are not markup here."""
    parts = text.split("`")
    return "`".join(
        part if index % 2 else re.sub(r"([<*_])", r"\\\1", part) for index, part in enumerate(parts)
    )


def iam(grants: Iterable[Grant], denied: Iterable[Grant] = ()) -> str:
    """A policy that can be pasted as it is: the account's id is left open in ARNs."""
    statements = [grant.statement() for grant in grants]
    statements += [grant.statement("Deny") for grant in denied]
    policy = {"Version": "2012-10-17", "Statement": statements}
    text = json.dumps(policy, indent=2).replace(PARTITION, "aws").replace(OWN_ACCOUNT, "*")
    return f"```json\n{text}\n```"


def verbs() -> str:
    lines = ["## aft", "", "```text", _help(cli, "aft"), "```", ""]
    for path, command in _commands():
        lines += [f"## {path}", "", "```text", _help(command, path), "```", ""]
    return "\n".join(lines)


def _commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(cli, info_name="aft")
    for verb in VERBS:
        command = cli.get_command(context, verb)
        assert command is not None
        yield f"aft {verb}", command
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                yield f"aft {verb} {name}", inner


def _help(command: click.Command, path: str) -> str:
    context = click.Context(
        command, info_name=path, terminal_width=80, help_option_names=["-h", "--help"]
    )
    text = command.get_help(context)
    return "\n".join(line.rstrip() for line in text.splitlines())


PARTS: Mapping[str, Callable[[], str]] = {
    "request-fields": request_fields,
    "request-parts": request_parts,
    "request-later": request_later,
    "config-fields": config_fields,
    "config-parts": config_parts,
    "organization-fields": organization_fields,
    "organization-parts": organization_parts,
    "organization-later": organization_later,
    "baseline-fields": baseline_fields,
    "baseline-parts": baseline_parts,
    "setting-list": setting_list,
    "step-kinds": step_kinds,
    "customization-fields": customization_fields,
    "customization-parts": customization_parts,
    "template-account": template_account,
    "python-account": python_account,
    "template-filters": filters,
    "policy-types": policy_types,
    "change-kinds": change_kinds,
    "risks": risks,
    "toy-kind": lambda: toy("tags_kind.py"),
    "toy-effects": lambda: toy("tags_effects.py"),
    "profiles": profiles,
    "findings": findings,
    "finding-list": finding_list,
    "verbs": verbs,
    "iam-plan": lambda: iam(PLAN),
    "iam-apply": lambda: iam(APPLY),
    "iam-reader": lambda: iam(READER, (*NO_DATA, *NO_OBJECTS)),
    "iam-member": lambda: iam(MEMBER),
    **{
        f"setting-{setting.name}": (lambda name=setting.name: setting_parameters(name))  # type: ignore[misc]
        for setting in SETTINGS
    },
}


def fresh(text: str) -> str:
    """``text`` of a page with its generated parts made anew."""

    def made(match: re.Match[str]) -> str:
        gap = match["gap"]  # none where the part stands within a line
        return f"{match[1]}{gap}{PARTS[match['name']]().strip()}{gap}<!-- end -->"

    return _PART.sub(made, text)


def parts_used() -> set[str]:
    """The names of generated parts that some page shows."""
    return {
        match["name"] for page in DOCS.rglob("*.md") for match in _PART.finditer(page.read_text())
    }


SCHEMAS = {DOCS / "reference" / "schemas" / f"{name}.json": name for name in get_args(SchemaName)}


def generated_files() -> tuple[Path, ...]:
    """Every page and schema."""
    return (*sorted(DOCS.rglob("*.md")), *SCHEMAS)


def fresh_file(path: Path) -> str:
    """A page or schema as it should be."""
    if path not in SCHEMAS:
        return fresh(path.read_text())
    schema = json_schema(SCHEMAS[path], providers=_PROVIDERS)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
