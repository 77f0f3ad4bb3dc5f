"""The parts of pages that are made from the code: ``<!-- generated: NAME -->`` to the next
``<!-- end -->``, and the JSON Schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import get_args

import click

from aft.baseline_settings import (
    account_alias,
    alternate_contacts,
    default_vpc_removal,
    ebs_default_encryption,
    iam_password_policy,
    s3_public_access_block,
    ssm_metadata,
)
from aft.baselines.parse import BaselineFile
from aft.cli.main import VERBS, cli
from aft.config import Config
from aft.finding_codes import FINDING_CODES
from aft.organization.raw import NOT_ACTED_ON as ORGANIZATION_LATER
from aft.organization.raw import OrganizationFile
from aft.requests.raw import NOT_ACTED_ON, REQUIRED, RequestFile
from aft.requests.schema import SchemaName, json_schema

from .models import fields_table, parts_of, table

DOCS = Path(__file__).parents[2] / "docs"

_PART = re.compile(
    r"(<!-- generated: (?P<name>[a-z-]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL
)

SETTINGS = (
    account_alias.AccountAlias,
    alternate_contacts.AlternateContacts,
    iam_password_policy.IamPasswordPolicy,
    s3_public_access_block.S3PublicAccessBlock,
    ebs_default_encryption.EbsDefaultEncryption,
    default_vpc_removal.DefaultVpcRemoval,
    ssm_metadata.SsmMetadata,
)

RANGES = {
    "1": "YAML",
    "2": "A field of any file",
    "3": "Across requests",
    "4": "organization.yaml",
    "5": "Baselines",
    "6": "Customizations",
    "7": "aft.yaml",
    "8": "The repository's tree",
    "9": "Plans and safety",
}


def request_fields() -> str:
    return fields_table(RequestFile, anchors="field-", needed=" ".join(REQUIRED))


def request_parts() -> str:
    return "\n".join(parts_of(RequestFile))


def request_later() -> str:
    rows = [(f"`{name}`", words) for name, words in NOT_ACTED_ON.items()]
    return table(("field", "what it asks for"), rows)


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
    return table(("key", "what it asks for"), rows)


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
    return table(("setting", "what it sees to", "works"), rows)


def setting_parameters(name: str) -> str:
    setting = next(item for item in SETTINGS if item.name == name)
    works = "In every governed region." if setting.regional else "Once per account."
    model = setting.parameters_model
    if not model.model_fields:
        return f"{setting.description} {works}\n\nNo parameters."
    body = fields_table(model)
    return f"{setting.description} {works}\n\n{body}\n\n" + "\n".join(parts_of(model))


def findings() -> str:
    lines: list[str] = []
    for digit, title in RANGES.items():
        lines += [f"## {digit}xx: {title}", ""]
        for code, entry in FINDING_CODES.items():
            if code[3] == digit:
                lines += [f'### <a id="{code.lower()}"></a>{code} {entry.title}', ""]
                lines += [_escaped(entry.meaning), "", f"**Remedy.** {_escaped(entry.remedy)}", ""]
    return "\n".join(lines)


def finding_list() -> str:
    rows = [
        (f"[{code}](#{code.lower()})", _escaped(entry.title))
        for code, entry in FINDING_CODES.items()
    ]
    return table(("code", "title"), rows)


def _escaped(text: str) -> str:
    """Angle brackets and asterisks outside code are not markup here."""
    parts = text.split("`")
    return "`".join(
        part if index % 2 else re.sub(r"([<*_])", r"\\\1", part) for index, part in enumerate(parts)
    )


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
    "findings": findings,
    "finding-list": finding_list,
    "verbs": verbs,
    **{
        f"setting-{setting.name}": (lambda name=setting.name: setting_parameters(name))  # type: ignore[misc]
        for setting in SETTINGS
    },
}


def fresh(text: str) -> str:
    """``text`` of a page with its generated parts made anew."""

    def made(match: re.Match[str]) -> str:
        return f"{match[1]}{PARTS[match['name']]().strip()}\n{match[4]}"

    return _PART.sub(made, text)


def parts_used() -> set[str]:
    """The names of generated parts that some page shows."""
    return {
        match["name"] for page in DOCS.rglob("*.md") for match in _PART.finditer(page.read_text())
    }


def fresh_files() -> Mapping[Path, str]:
    """Every page and schema as it should be."""
    pages = {page: fresh(page.read_text()) for page in sorted(DOCS.rglob("*.md"))}
    schemas: dict[Path, str] = {}
    for name in get_args(SchemaName):
        text = json.dumps(json_schema(name), indent=2, ensure_ascii=False) + "\n"
        schemas[DOCS / "reference" / "schemas" / f"{name}.json"] = text
    return {**pages, **schemas}
