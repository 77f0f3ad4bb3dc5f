"""``customization.yaml`` of a customization's folder, or findings at the lines that are wrong.

The file is optional. Its model is the reference of its keys; what it says is handed on as plain
values of ``aft.customizations.model``. Reads no other file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aft.customizations.model import AccountSelector, Parameter, Removal, SecretNeed
from aft.customizations.parameters import is_of_type, name_of_type
from aft.documents import Parsed
from aft.findings.model import Finding, SourceRef, few, finding_at
from aft.findings.validation import validate
from aft.values.ids import OrgUnitPath
from aft.values.secret_arns import ARN_PATTERN
from aft.values.secret_names import NAME_PATTERN, free_name
from aft.yamldoc import YamlDocument

CUSTOMIZATION_FILE = "customization.yaml"
MAX_TIMEOUT_SECONDS = 3600
"""A step's credentials end after an hour (AWS's limit for chained roles), so no step may last
longer."""

ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$", examples=["tier"])]
SecretName = Annotated[
    str, Field(pattern=NAME_PATTERN, examples=["OKTA_TOKEN"]), AfterValidator(free_name)
]
SecretArn = Annotated[
    str,
    Field(
        pattern=ARN_PATTERN,
        examples=["arn:aws:secretsmanager:eu-central-1:111122223333:secret:okta-AbCdEf"],
    ),
]
ParameterType = Literal["text", "number", "boolean", "list", "mapping"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ParameterEntry(_Section):
    """One value that requests can set."""

    type: ParameterType = Field(default="text", description="The type of the value.")
    default: Any = Field(
        default=None,
        description="The value if a request sets none. Without the key `default`, every account "
        "that gets the customization must set one.",
    )
    choices: tuple[Any, ...] = Field(default=(), description="The allowed values.")
    description: str = Field(default="", description="What the parameter is for.")


class SelectEntry(_Section):
    """Accounts that get the customization without requesting it; all given criteria must match."""

    organizational_units: tuple[str | tuple[str, ...], ...] = Field(
        default=(),
        description="Paths of OUs, as text or lists of names: accounts in them and below.",
    )
    tags: Mapping[str, str] = Field(
        default={}, description="Tags that the request must have; the value `*` matches any value."
    )
    requests: tuple[str, ...] = Field(default=(), description="Ids of account requests.")


class TerraformEntry(_Section):
    """How the folder's `terraform/` stores its state."""

    state: Literal["aft", "own"] = Field(
        default="aft",
        description="`aft`: with AFT's key `<account id>-aft-account-customizations`, which all "
        "customizations of an account share; `own`: with a key that contains the "
        "customization's name.",
    )


class CustomizationFile(_Section):
    """``customization.yaml``: everything in it is optional."""

    description: str = Field(default="", description="What the customization is for.")
    parameters: Mapping[ParameterName, ParameterEntry] = Field(
        default={},
        description="Values that requests set under `parameters: {<customization>: {…}}`. They "
        "are `parameters.<name>` in templates, `context.parameters` in Python, "
        "`AFT_PARAMETER_<NAME>` in shell scripts, and variables of the same names "
        "in Terraform.",
    )
    select: SelectEntry = Field(default=SelectEntry())
    secrets: Mapping[SecretName, SecretArn] = Field(
        default={},
        description="Environment variables of its Python, shell and Terraform steps, each with "
        "the ARN of the secret (Secrets Manager) or parameter (SSM, SecureString) that is its "
        "value. aft.yaml has to grant each one: `grants: {<customization>: {secrets: […]}}`.",
    )
    timeout_seconds: Annotated[int, Field(ge=1, le=MAX_TIMEOUT_SECONDS)] | None = Field(
        default=None, description="Time limit for each of its steps, at most 3600."
    )
    on_removal: Literal["keep", "destroy"] = Field(
        default="keep",
        description="What happens to its resources when an account no longer gets it: `keep` "
        "keeps them, `destroy` deletes stacks and destroys Terraform resources.",
    )
    terraform: TerraformEntry = Field(default=TerraformEntry())


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomizationSettings:
    """What the file says, or the defaults."""

    description: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    select: AccountSelector = field(default_factory=AccountSelector)
    secrets: tuple[SecretNeed, ...] = ()
    timeout_seconds: int | None = None
    on_removal: Removal = Removal.KEEP
    shares_state: bool = True


def parse_customization_file(
    parsed: Parsed, path: str
) -> tuple[CustomizationSettings, tuple[Finding, ...]]:
    """What the file says, as far as it can be relied on, and what is wrong with it."""
    document, problems = parsed
    if document is None:
        return CustomizationSettings(), problems
    raw, findings = validate(CustomizationFile, document)
    if raw is None:
        return CustomizationSettings(), (*problems, *findings)
    select, wrong_units = _selector(raw.select, document)
    settings = CustomizationSettings(
        description=raw.description,
        parameters={
            name: Parameter(
                name=name, required="default" not in entry.model_fields_set, **dict(entry)
            )
            for name, entry in raw.parameters.items()
        },
        select=select,
        secrets=tuple(
            SecretNeed(name=name, arn=arn, source=document.at(("secrets", name)))
            for name, arn in sorted(raw.secrets.items())
        ),
        timeout_seconds=raw.timeout_seconds,
        on_removal=Removal(raw.on_removal),
        shares_state=raw.terraform.state == "aft",
    )
    rest = few(chain(wrong_units, _check_defaults(settings, document)), path)
    return settings, (*problems, *rest)


def _selector(
    entry: SelectEntry, document: YamlDocument
) -> tuple[AccountSelector, tuple[Finding, ...]]:
    units: list[OrgUnitPath] = []
    findings: list[Finding] = []
    sources: dict[tuple[str, str], SourceRef] = {}
    for index, written in enumerate(entry.organizational_units):
        source = document.at(("select", "organizational_units", index))
        try:
            unit = OrgUnitPath.written(written)
        except ValueError as error:
            findings.append(finding_at("AFT632", source, str(error)))
            continue
        units.append(unit)
        sources["organizational_units", str(unit)] = source
    for index, request in enumerate(entry.requests):
        sources["requests", request] = document.at(("select", "requests", index))
    selector = AccountSelector(
        organizational_units=tuple(units), tags=entry.tags, requests=entry.requests, sources=sources
    )
    return selector, tuple(findings)


def _check_defaults(settings: CustomizationSettings, document: YamlDocument) -> Iterator[Finding]:
    for parameter in settings.parameters.values():
        loc = ("parameters", parameter.name)
        for index, choice in enumerate(parameter.choices):
            if not is_of_type(choice, parameter.type):
                yield _wrong(document.at((*loc, "choices", index)), parameter, choice)
        if parameter.required or parameter.default is None:
            continue
        if not is_of_type(parameter.default, parameter.type):
            yield _wrong(document.at((*loc, "default")), parameter, parameter.default)
        elif parameter.choices and parameter.default not in parameter.choices:
            message = f"the default of {parameter.name!r} is none of its choices"
            hint = f"choose one of {', '.join(map(str, parameter.choices))}"
            yield finding_at("AFT631", document.at((*loc, "default")), message, hint)


def _wrong(source: SourceRef, parameter: Parameter, value: Any) -> Finding:
    message = f"{value!r} is not {name_of_type(parameter.type)}, which is the type of parameter "
    return finding_at(
        "AFT631", source, f"{message}{parameter.name!r}", "change the value or the type"
    )
