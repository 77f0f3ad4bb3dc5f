"""Baseline setting ``ssm-metadata``: what the account is, readable from inside the account.

Writes String parameters in the account's home region, at the paths of Account Factory for
Terraform, so that Terraform and scripts written for it keep working:

``<path>/account-request/custom-fields/<key>``
    One per scalar custom field. Nested mappings go on with ``/`` (``vpc/cidr``). A list is
    written as compact JSON (``["a","b"]``): a StringList would split values at their commas.
    Booleans are ``true`` and ``false``. Null and empty text are left out: SSM takes no empty value.
``<path>/account/id``, ``name``, ``email``, ``ou``, ``request-id``, ``owner-team``, ``owner-email``
    The account itself.

Custom-field parameters that the request no longer has are deleted, as are the account parameters
above that no longer have a value; nothing else below ``path`` is touched.

AWS (Systems Manager, "Parameter Store quotas" and API ``PutParameter``): names consist of letters,
digits and ``_.-/``, with at most 15 levels and 1,011 characters; a standard value has at most 4 KB;
the type of a parameter cannot be changed, only replaced; ``GetParametersByPath`` returns 10 per
page; ``DeleteParameters`` accepts 10 names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import Field

from aft.baselines.directions import Directions, Routine
from aft.baselines.model import Published, SettingInputs, SettingParameters
from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.shapes.setting import Differences, Setting, differs

MAX_VALUE_BYTES = 4096
MAX_NAME = 1011
MAX_LEVELS = 15
_SEGMENT = re.compile(r"[A-Za-z0-9_.-]+")
_FIELDS_PATH = "account-request/custom-fields"
_DELETE_AT_ONCE = 10


class SsmMetadataParameters(SettingParameters):
    """Parameters of ``ssm-metadata``."""

    weakens: ClassVar[Directions] = {"path": Routine("it is where values are written")}

    path: Annotated[str, Field(max_length=200, pattern=r"^(/[A-Za-z0-9_.-]+)+$")] = Field(
        default="/aft",
        description="Path of the parameters; the default is that of Account Factory for Terraform.",
    )


class ObservedParameter(NamedTuple):
    """A parameter there is; ``value`` is not the text of a SecureString."""

    value: str
    type: str = "String"

    def __str__(self) -> str:
        return _short(self.value) if self.type == "String" else f"a {self.type}"


Inputs = SettingInputs[SsmMetadataParameters]
Observed = Mapping[str, ObservedParameter]


class SsmMetadata(Setting[SsmMetadataParameters, Observed]):
    """The account's metadata and custom fields are SSM parameters."""

    name = "ssm-metadata"
    description = "The account's metadata and custom fields as SSM parameters."
    stays = "the parameters stay, and are no longer updated"

    def facts(self, account: AccountFacts) -> object:
        return {
            "account": {key: value for key, value in _metadata(account).items() if value},
            "custom_fields": account.custom_fields,
            "home_region": account.home_region,
        }

    def published(
        self, account: AccountFacts, parameters: SsmMetadataParameters
    ) -> tuple[Published, ...]:
        """Custom fields by the paths that Terraform and scripts read."""
        path = f"{parameters.path}/{_FIELDS_PATH}"
        return tuple(
            Published(name=name, value=value, field=("custom_fields", *keys))
            for keys, name, value in _flat(path, account.custom_fields)
        )

    def read(self, inputs: Inputs, session: AccountSession) -> Observed:
        """The parameters at our paths, by full name."""
        pages = session.client("ssm").get_paginator("get_parameters_by_path")
        found: dict[str, ObservedParameter] = {}
        for below in ("account", _FIELDS_PATH):
            path = f"{inputs.parameters.path}/{below}"
            for page in pages.paginate(Path=path, Recursive=True, WithDecryption=False):
                for parameter in page["Parameters"]:
                    value = ObservedParameter(parameter["Value"], parameter["Type"])
                    found[parameter["Name"]] = value
        return found

    def differences(self, inputs: Inputs, observed: Observed) -> Differences:
        wanted = _wanted(inputs)
        for name, value in sorted(wanted.items()):
            label, found = f"SSM parameter {name}", observed.get(name)
            if problem := _problem(name, value):
                yield differs(f"{label} {problem}", None, None)
            elif found != ObservedParameter(value):
                before = str(found) if found is not None else None
                was = f"is {before or 'not set'}"
                yield differs(f"{label} {was}, should be {_short(value)}", before, value)
        for name in _stale(inputs, wanted, observed):
            words = f"SSM parameter {name} is left over, should be deleted"
            yield differs(words, str(observed[name]), None)

    def fix(self, inputs: Inputs, observed: Observed, session: AccountSession) -> None:
        wanted = _wanted(inputs)
        problems = [
            f"{name} {problem}"
            for name, value in sorted(wanted.items())
            if (problem := _problem(name, value))
        ]
        if problems:
            raise Terminal(
                "custom fields cannot become SSM parameters: " + "; ".join(problems),
                hint="rename or shorten the custom field in the request",
            )
        ssm = session.client("ssm")
        replaced = (name for name in wanted.keys() & observed if observed[name].type != "String")
        leaving = sorted((*_stale(inputs, wanted, observed), *replaced))
        for start in range(0, len(leaving), _DELETE_AT_ONCE):
            ssm.delete_parameters(Names=leaving[start : start + _DELETE_AT_ONCE])
        for name, value in sorted(wanted.items()):
            if observed.get(name) != ObservedParameter(value):
                ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)


def _metadata(account: AccountFacts) -> Mapping[str, str]:
    """What the account has of itself, empty where there is none."""
    return {
        "id": account.account_id or "",
        "name": account.name,
        "email": account.email,
        "ou": str(account.ou),
        "request-id": account.request_id,
        "owner-team": account.owner.get("team", ""),
        "owner-email": account.owner.get("email", ""),
    }


def _wanted(inputs: Inputs) -> Mapping[str, str]:
    path, own = inputs.parameters.path, _metadata(inputs.account).items()
    wanted = {f"{path}/account/{key}": value for key, value in own if value}
    fields = _flat(f"{path}/{_FIELDS_PATH}", inputs.account.custom_fields)
    return wanted | {name: value for _, name, value in fields}


def _flat(
    path: str, value: Any, keys: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """The parameters of a custom field: its keys, the parameter's name and its value."""
    match value:
        case None | "":
            return
        case Mapping():
            for key, item in value.items():
                # A slash inside a key would pretend to be a level: shown so, and refused below.
                segment = str(key).replace("/", "|")
                yield from _flat(f"{path}/{segment}", item, (*keys, str(key)))
        case bool():
            yield keys, path, "true" if value else "false"
        case list() | tuple():
            text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
            yield keys, path, text
        case _:
            yield keys, path, str(value)


def _problem(name: str, value: str) -> str:
    """Why SSM would refuse this parameter, or an empty string."""
    segments = name.strip("/").split("/")
    odd = next((part for part in segments if not _SEGMENT.fullmatch(part)), None)
    if odd is not None:
        return f"has {odd!r} in its name, which may only hold letters, digits, '_', '.' and '-'"
    if len(segments) > MAX_LEVELS or len(name) > MAX_NAME:
        return f"is too deep or too long: SSM takes {MAX_LEVELS} levels, {MAX_NAME} characters"
    size = len(value.encode())
    if size > MAX_VALUE_BYTES:
        return f"is {size:,} bytes long; SSM takes {MAX_VALUE_BYTES:,}"
    return ""


def _stale(inputs: Inputs, wanted: Collection[str], observed: Collection[str]) -> list[str]:
    path = inputs.parameters.path
    ours = {f"{path}/account/{key}" for key in _metadata(inputs.account)}
    fields = f"{path}/{_FIELDS_PATH}/"
    return sorted(
        name
        for name in observed
        if name not in wanted and (name in ours or name.startswith(fields))
    )


def _short(value: str) -> str:
    return repr(value if len(value) <= 60 else value[:57] + "…")
