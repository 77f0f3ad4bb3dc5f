"""``aft schema``: JSON Schemas, generated from the models that ``validate`` uses."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from aft.app.text_files import write_text
from aft.cli.context import FOLDER
from aft.desired.schema import SchemaName, json_schema
from aft.kinds.registry import installed_kinds
from aft.plugins import PROVIDERS_GROUP, load_plugins
from aft.values.canonical_json import indented_json

NAMES: tuple[SchemaName, ...] = get_args(SchemaName)


@click.command("schema")
@click.argument("name", type=click.Choice(NAMES), required=False)
@click.option(
    "-o", "--output", type=FOLDER, help="Write all schemas to this folder, as <name>.json."
)
def command(*, name: SchemaName | None, output: Path | None) -> None:
    """Print the JSON Schema of one type of file, or write all of them.

    \b
    request        account-requests/**/<id>.yaml
    defaults       account-requests/**/_defaults.yaml
    config         aft.yaml
    organization   customizations/organization/organization.yaml
    baseline       customizations/baselines/*.yaml
    customization  customizations/accounts/<name>/customization.yaml

    Editors with the YAML language server read the schema named in the first line of a file, such as
    "# yaml-language-server: $schema=../schemas/request.json".
    """

    providers = load_plugins(PROVIDERS_GROUP, lambda plugin: plugin.name)
    sections = installed_kinds().sections

    def text(which: SchemaName) -> str:
        schema = json_schema(which, providers=providers, sections=sections)
        return indented_json(schema)

    if output is not None:
        for which in (name,) if name else NAMES:
            write_text(output / f"{which}.json", text(which))
            click.echo(output / f"{which}.json")
    elif name is not None:
        click.echo(text(name), nl=False)
    else:
        raise click.UsageError("say which schema, or --output FOLDER for all of them")
