"""The walls between the rooms: one table for each, and import-linter's layers.

A row that grants something names modules, packages (with all in them) or patterns (``*`` is one
part of a name): a new room gets its rows here, and is refused everything until then.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from source_graph import ROOT, covers, inside, modules, nodes, owner, reached

from aft.kinds.registry import installed_kinds
from aft.values.refs import ACCOUNT, OU

WHO_MAY_IMPORT: Mapping[str, tuple[str, ...]] = {
    # --- vendors: whatever is not of the standard library has a row
    "boto3": ("aft.runners.python.host", "aft.sandbox"),
    "botocore": (
        "aft.aws",
        "aft.kinds.*.aws",
        "aft.providers",
        "aft.runners.python.host",  # the child process of a step
        "aft.sandbox",
    ),
    "click": ("aft.cli",),
    "cryptography": ("aft.git.ledger.signatures", "aft.sandbox"),
    "jinja2": ("aft.customizations.render", "aft.customizations.template_environment"),
    "moto": ("aft.sandbox",),
    "pydantic": (
        "aft.baselines",
        "aft.config",
        "aft.confined",
        "aft.customizations",
        "aft.desired",
        "aft.findings",
        "aft.kinds",
        "aft.ledger",
        "aft.organization",
        "aft.plan",
        "aft.providers",
        "aft.settings",
    ),
    "pydantic_core": ("aft.baselines.references", "aft.desired.provenance"),
    "pygit2": ("aft.git",),
    "rich": ("aft.cli.context", "aft.report"),
    "types_boto3_*": (
        "aft.aws",
        "aft.aws_clients",
        "aft.kinds.*.aws",
        "aft.providers",
        "aft.runners",
        "aft.settings",
    ),
    "urllib3": ("aft.github",),
    "werkzeug": ("aft.sandbox",),
    "yaml": ("aft.yamldoc.build", "aft.yamldoc.events", "aft.yamldoc.tagged"),
    # --- processes
    "subprocess": (
        "aft.app.doctor.aws_facts",
        "aft.git.command",
        "aft.runners.process",
        "aft.runners.terraform.binary",
        "aft.sandbox",
    ),
    # --- rooms that few may know
    "aft.aws": ("aft.app", "aft.kinds.*.aws", "aft.providers"),
    "aft.github": (
        "aft.app.doctor.github_facts",  # aft doctor judges what only GitHub has
        "aft.app.github_identity",  # what only GitHub's tokens say
        "aft.doctor.github",
        "aft.doctor.trust",
        "aft.cli.github_options",  # puts the adapter of aft.forge together
    ),
    "aft.sandbox": ("aft.app", "aft.cli.sandbox"),  # the composition root, and its own verb
}

ONLY_OF_AFT: Mapping[str, tuple[str, ...]] = {
    # All that these may import of aft beside themselves; `aft` alone is its version.
    "aft.sandbox": (
        "aft",
        "aft.cloudformation",
        "aft.errors",
        "aft.policy_language",
        "aft.values",
    ),
    "aft.cloudformation": ("aft.policy_language", "aft.values", "aft.yamldoc"),
    "aft.policy_language": ("aft.errors", "aft.findings.model", "aft.values"),
    "aft.forge": ("aft.errors",),
    "aft.github": (
        "aft",
        "aft.errors",
        "aft.forge",
        "aft.ports",
        "aft.redaction",
        "aft.text",
    ),
    "aft.text": (),
    "aft.yamldoc": ("aft.findings", "aft.text", "aft.values"),
    "aft.settings": (
        "aft.baselines",
        "aft.errors",
        "aft.organization",
        "aft.policy_language",  # what a role allows
        "aft.sessions",
        "aft.values",
    ),
    "aft.runners": (
        "aft.cloudformation",
        "aft.config.model",
        "aft.customizations",
        "aft.errors",
        "aft.findings",
        "aft.organization",
        "aft.redaction",
        "aft.sessions",
        "aft.traces",
        "aft.values",
    ),
    "aft.providers": ("aft.account_provider", "aft.errors", "aft.organization", "aft.values"),
    "aft.aws": (
        "aft",
        "aft.aws_clients",
        "aft.config",
        "aft.errors",
        "aft.organization",
        "aft.policy_language",
        "aft.ports",
        "aft.redaction",
        "aft.values",
    ),
}

STRANGERS: Mapping[str, tuple[str, ...]] = {
    # Families whose members know nothing of each other, and what they share.
    "aft.kinds": ("aft.kinds.registry",),
    "aft.providers": (),
    "aft.runners": ("aft.runners.process", "aft.runners.shell"),  # helpers around Terraform
    "aft.settings": ("aft.settings.shapes",),
}

PURE = (
    "aft.cloudformation",
    "aft.desired",
    "aft.findings",
    "aft.forge",
    "aft.kinds",
    "aft.ledger",
    "aft.organization",
    "aft.plan",
    "aft.policy_language",
    "aft.text",
    "aft.values",
)
"""No clock, randomness, threads, processes, files, network or logging, and nothing reached through
other modules of aft either: "today" comes in as a value."""

EFFECTS = ("aft.kinds.registry", "aft.kinds.*.aws", "aft.kinds.*.effects", "aft.kinds.*.read")
"""What is not pure of these rooms: that which looks into accounts or carries changes out, and what
loads it."""

PURE_IMPORTS = (
    "__future__",
    "abc",
    "base64",
    "binascii",
    "bisect",
    "collections",
    "contextlib",
    "copy",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "fnmatch",
    "functools",
    "graphlib",
    "hashlib",
    "heapq",
    "importlib.resources.files",  # data that is a part of the package
    "ipaddress",
    "itertools",
    "json",
    "math",
    "operator",
    "pathlib.PurePath",
    "pathlib.PurePosixPath",
    "pydantic",
    "pydantic_core",
    "re",
    "string",
    "textwrap",
    "tomllib",
    "types",
    "typing",
    "unicodedata",
    "yaml",
    "zlib",
)
"""All that pure modules import from outside of aft; what these do themselves is theirs."""

IMPURE_CALLS = {"now", "today", "utcnow", "fromtimestamp", "open", "print", "input", "exec", "eval"}

CORE = (
    "aft.account_provider",
    "aft.baselines",
    "aft.config",
    "aft.engine",
    "aft.ports",
)
"""What decides and what carries out: knows no vendor but the readers of files, not even
indirectly."""

CORE_VENDORS = ("pydantic", "pydantic_core", "yaml")

GIVE_CLIENTS = {"client", "client_once", "management", "management_once"}
"""Members that give a client by its service's name (``aft.aws_clients.ClientOf``)."""

UNTYPED_CLIENTS = (
    # These work on any client there is: they make, watch and wrap botocore's.
    "aft.aws.answers",
    "aft.aws.calls",
    "aft.aws.clients",
    "aft.aws.factory",
    "aft.aws.pacing",
    "aft.aws.credentials",
    "aft.aws.session",
    "aft.cli",  # its clients are GitHub's, as are the next one's
    "aft.app.doctor.github_facts",
    "aft.app.github_identity",
    "aft.runners.python.host",  # a step's own client
    "aft.sandbox",
)

FORBIDDEN_WORDS = {"utils", "helpers", "common", "manager", "misc"}


def granted(name: str, patterns: Iterable[str]) -> bool:
    return any(covers(pattern, name) for pattern in patterns)


def pure_modules() -> frozenset[str]:
    return inside(PURE) - inside(EFFECTS)


def row_of(target: str) -> str | None:
    """The row of the table that an import falls under; of several, the narrowest."""
    return max((row for row in WHO_MAY_IMPORT if covers(row, target)), key=len, default=None)


def is_vendor(target: str) -> bool:
    top = target.partition(".")[0]
    return top != "aft" and top not in sys.stdlib_module_names


def test_layers_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--config", "pyproject.toml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_everything_is_imported_where_the_table_says_and_nowhere_else() -> None:
    odd = []
    for module in modules().values():
        for item in module.imports:
            row = row_of(item.target)
            if row is None and not is_vendor(item.target):
                continue
            own = row is not None and covers(row, module.name)
            if row is None or not (own or granted(module.name, WHO_MAY_IMPORT[row])):
                odd.append(f"{module.path}:{item.line} imports {item.target}")
    assert not odd


def test_every_row_of_the_table_is_about_something() -> None:
    used = {row_of(item.target) for module in modules().values() for item in module.imports}
    assert WHO_MAY_IMPORT.keys() <= used


def test_stubs_are_imported_by_type_checkers_alone() -> None:
    odd = [
        f"{module.path}:{item.line}"
        for module in modules().values()
        for item in module.imports
        if item.target.startswith("types_boto3") and not item.for_types
    ]
    assert not odd


@pytest.mark.parametrize("room", ONLY_OF_AFT)
def test_these_rooms_know_little_of_aft(room: str) -> None:
    odd = [
        f"{modules()[name].path}:{item.line} imports {item.target}"
        for name in inside([room])
        for item in modules()[name].imports
        if covers("aft", item.target)
        and not covers(room, item.target)
        and not granted(owner(item.target), set(ONLY_OF_AFT[room]) - {"aft"})
        and not (owner(item.target) == "aft" and "aft" in ONLY_OF_AFT[room])
    ]
    assert not odd


def test_the_sandbox_reaches_no_more_of_aft_through_others() -> None:
    own = ("aft.sandbox", *ONLY_OF_AFT["aft.sandbox"][1:], "aft.findings.model")
    odd = [
        " > ".join(way)
        for name, way in reached(inside(["aft.sandbox"])).items()
        if not granted(name, own) and name not in {"aft", "aft.findings"}  # empty packages
    ]
    assert not odd


@pytest.mark.parametrize("family", STRANGERS)
def test_members_of_a_family_are_strangers(family: str) -> None:
    odd = [
        f"{modules()[name].path}:{item.line} imports {item.target}"
        for name in inside([f"{family}.*"])
        for item in modules()[name].imports
        if covers(f"{family}.*", item.target)
        and member(family, item.target) != member(family, name)
        and not granted(item.target, (*STRANGERS[family], *declared_after(name)))
        and not granted(name, STRANGERS[family])
    ]
    assert not odd


def member(family: str, name: str) -> str:
    """The member of the family that a module is, or is in."""
    return ".".join(name.split(".")[: family.count(".") + 2])


def declared_after(name: str) -> set[str]:
    """The kinds that the kind which ``name`` is a module of says it comes after."""
    kinds = installed_kinds()
    folders = {kind.name: member("aft.kinds", type(kind).__module__) for kind in kinds.values()}
    return {
        folders[earlier]
        for kind in kinds.values()
        if covers(folders[kind.name], name)
        for earlier in getattr(kind, "after", ())
    }


def test_pure_means_pure_also_through_others() -> None:
    odd = [
        f"{' > '.join(way)} imports {item.target}"
        for name, way in reached(pure_modules()).items()
        for item in modules()[name].imports
        if not item.for_types
        and not covers("aft", item.target)
        and not granted(item.target, PURE_IMPORTS)
    ]
    assert not odd


def test_pure_modules_look_at_no_clock_and_no_file() -> None:
    pure = reached(pure_modules())
    odd = [
        f"{module.path}:{node.lineno} calls {ast.unparse(node.func)}"
        for module, node in nodes(ast.Call)
        if module.name in pure and _called(node) in IMPURE_CALLS
    ]
    assert not odd


def _called(node: ast.Call) -> str:
    *before, name = ast.unparse(node.func).split(".")
    return name if not before or before[-1] in {"datetime", "date"} else ""


def test_the_core_reaches_no_vendor() -> None:
    odd = [
        f"{' > '.join(way)} imports {item.target}"
        for name, way in reached(pure_modules() | inside(CORE)).items()
        for item in modules()[name].imports
        if not item.for_types and is_vendor(item.target) and not granted(item.target, CORE_VENDORS)
    ]
    assert not odd


def test_no_room_is_called_a_drawer() -> None:
    names = {part for name in modules() for part in name.split(".")}
    assert not names & FORBIDDEN_WORDS


def test_the_engine_knows_no_way_of_creating_accounts() -> None:
    words = ("CreateAccount", "EMAIL_ALREADY", "ServiceCatalog")
    odd = [
        f"{modules()[name].path}: {word}"
        for name in inside(["aft.engine"])
        for word in words
        if word.casefold() in (ROOT / modules()[name].path).read_text().casefold()
    ]
    assert not odd


def test_plan_and_engine_name_no_runners_tool() -> None:
    words = ("terraform", "opentofu", "cloudformation", "hashicorp")
    odd = [
        f"{modules()[name].path}: {word}"
        for name in inside(["aft.plan", "aft.engine"])
        for word in words
        if word in (ROOT / modules()[name].path).read_text().casefold()
    ]
    assert not odd


def test_modules_stay_small() -> None:
    long = {module.path: module.length for module in modules().values() if module.length > 400}
    assert not long


def test_functions_stay_small() -> None:
    long = {
        f"{module.path}:{node.name}": length
        for module, node in nodes(ast.FunctionDef)
        if (length := (node.end_lineno or 0) - node.lineno + 1) > 60
    }
    assert not long


def test_no_dry_run_parameter() -> None:
    odd = {f"{module.path}:{node.lineno}" for module, node in nodes(ast.arg) if "dry" in node.arg}
    assert not odd


def test_every_client_that_aft_asks_for_has_a_type() -> None:
    typed = typed_services()
    asked = [
        (module, node)
        for module, node in nodes(ast.Call)
        if node.args and _gives_clients(node.func) and not granted(module.name, UNTYPED_CLIENTS)
    ]
    odd = [
        f"{module.path}:{node.lineno} asks for {ast.unparse(node.args[0])}"
        for module, node in asked
        if not isinstance(node.args[0], ast.Constant) or node.args[0].value not in typed
    ]
    assert not odd
    assert asked, "does nobody ask for clients any more?"


def test_no_client_is_anything() -> None:
    """Not ``Any``: an operation or a parameter that AWS does not have is an error of mypy's."""
    names = {*typed_services(), "client", "clients", "tagging"}
    odd = [
        f"{module.path}:{node.lineno} {name}"
        for module, node in nodes(ast.arg, ast.AnnAssign, ast.FunctionDef)
        if not granted(module.name, UNTYPED_CLIENTS)
        for name, annotation in (_annotated(node),)
        if annotation == "Any" and (name in names or name.endswith("client"))
    ]
    assert not odd


def typed_services() -> set[str]:
    """The services of the overloads."""
    return {
        value.value
        for node in ast.walk(modules()["aft.aws_clients"].tree)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"
        for value in ast.walk(node.slice)
        if isinstance(value, ast.Constant)
    }


def _gives_clients(function: ast.expr) -> bool:
    if isinstance(function, ast.Call):  # sessions.member(account_id)("sts")
        return isinstance(function.func, ast.Attribute) and function.func.attr == "member"
    return isinstance(function, ast.Attribute) and function.attr in GIVE_CLIENTS


def _annotated(node: ast.arg | ast.AnnAssign | ast.FunctionDef) -> tuple[str, str]:
    if isinstance(node, ast.FunctionDef):
        return node.name.lstrip("_"), ast.unparse(node.returns) if node.returns else ""
    if isinstance(node, ast.AnnAssign):
        return ast.unparse(node.target), ast.unparse(node.annotation)
    return node.arg, ast.unparse(node.annotation) if node.annotation else ""


@pytest.mark.parametrize("arguments", [["--help"], ["validate", "--help"], ["validate"]])
def test_help_and_validate_import_no_boto3(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from aft.cli.main import main\n"
        f"sys.argv = ['aft', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0, end.code\n"
        "loaded = {'boto3', 'botocore', 'moto'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_names_this_machine_or_a_registry() -> None:
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    words = ("/" + "root/", "pypi" + ".org")  # so that this file may be looked at, too
    odd = [
        name
        for name in files
        if not name.endswith((".lock", "LICENSE"))
        and any(word in (ROOT / name).read_text(errors="replace") for word in words)
    ]
    assert not odd


def test_every_member_of_a_port_says_what_it_promises() -> None:
    """The docstring is the contract. Plain attributes are explained by their class."""
    silent = [
        f"{module.path}:{member.lineno} {port.name}.{member.name}"
        for module, port in nodes(ast.ClassDef)
        if any(ast.unparse(base).partition("[")[0] == "Protocol" for base in port.bases)
        for member in port.body
        if isinstance(member, ast.FunctionDef)
        and not {ast.unparse(item) for item in member.decorator_list} & {"property", "overload"}
        and not ast.get_docstring(member)
    ]
    assert not silent


_FORMAT = {
    "aft/baselines/model.py": "how the ledger calls one setting",
    "aft/baselines/parse.py": "a key of baselines' files",
    "aft/baselines/digests.py": "a part of the digest",
    "aft/baselines/provenance.py": "a key of baselines' files",
    "aft/customizations/model.py": "how the ledger calls one step",
    "aft/desired/schema.py": "the name of a file's schema",
    "aft/findings/origins.py": "where a value comes from",
    "aft/values/refs.py": "the space that all kinds refer to",
}
"""Where a kind's name stands and means something else: a key or a name of a file's format."""


def test_no_module_outside_its_folder_names_a_kind() -> None:
    """Accounts and OUs are space: everything refers to them."""
    names = set(installed_kinds()) - {ACCOUNT, OU}
    named = {
        module.path
        for module, node in nodes(ast.Constant)
        if node.value in names
        and module.path not in _FORMAT
        and not module.path.startswith(("aft/kinds/", "aft/sandbox/"))
    }
    assert not named
    constants = {
        module.path
        for module, node in nodes(ast.Name)
        if node.id in {"SETTING", "CUSTOMIZATION"}
        and module.path not in _FORMAT
        and not module.path.startswith("aft/kinds/")
    }
    assert not constants


def test_no_exception_to_that_is_left_over() -> None:
    names = set(installed_kinds())
    used = {module.path for module, node in nodes(ast.Constant) if node.value in names}
    assert _FORMAT.keys() <= used


DECIDING_ROOMS = tuple(f"aft/{room}/" for room in ("desired", "plan", "kinds", "engine", "report"))


def test_nothing_decides_by_a_finding_code() -> None:
    """Codes and messages are for people; what decides looks at typed conditions."""
    deciding = {
        f"{module.path}:{node.lineno}"
        for module, node in nodes(ast.Compare)
        if module.path.startswith(DECIDING_ROOMS)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and str(part.value).startswith("AFT")
    }
    assert not deciding


@pytest.mark.parametrize("decision", ["select_baseline", "account_facts"])
def test_what_an_account_gets_is_decided_in_one_place(decision: str) -> None:
    """Everybody else reads it off the resolved account."""
    callers = [
        f"{module.path}:{node.lineno}"
        for module, node in nodes(ast.Call)
        if ast.unparse(node.func).rpartition(".")[2] == decision
    ]
    assert len(callers) == 1, callers
