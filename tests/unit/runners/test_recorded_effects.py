"""What each runner does on a fixed case, kept: whoever changes it raises ``effect_version``.

Of CloudFormation, the calls; of the others, the processes they start: command, environment, files.
``bash`` and ``terraform`` are programs that write down how they were called, first on the PATH.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from builders_folders import RUNNERS, SECRET, OnlyEnvironment, inputs, only_step
from builders_inside import facts, member_account
from builders_terraform import aft_folder
from recorded import KEPT, lasting, unversioned

from aft.config.model import HcpBackend, LocalBackend, S3Backend
from aft.customizations.model import Consent, CustomizationStep, OtherAccount, StepInputs
from aft.customizations.options import TerraformOptions
from aft.organization.model import Contact
from aft.runners.process.credentials import TOKEN_VARIABLE, URI_VARIABLE
from aft.runners.process.scratch import LOCK
from aft.runners.process.workdir import NETWORK_VARIABLES

WRITE_DOWN = f"""\
#!{sys.executable} -IS
import json, os, sys
LOCK = {LOCK!r}

def write_down(file):
    scratch = os.path.dirname(os.environ["HOME"])
    found = {{
        os.path.relpath(os.path.join(folder, name), scratch): os.path.join(folder, name)
        for folder, _, names in os.walk(scratch)
        for name in names if name != LOCK and not name.endswith(".pyc")
    }}
    files = {{name: open(path, errors="replace").read() for name, path in sorted(found.items())}}
    said = {{"argv": sys.argv, "cwd": os.getcwd(), "env": dict(os.environ), "files": files,
            "scratch": scratch}}
    with open(file, "a") as out:
        out.write(json.dumps(said) + "\\n")

"""
BASH = """\
write_down(FILE)
os.execv(REAL, sys.argv)
"""
TERRAFORM = """\
if sys.argv[1] == "version":
    print('{"terraform_version": "1.11.4"}')
    sys.exit()
write_down(FILE)
if sys.argv[1] == "output":
    print('{"Made": {"value": "bucket"}}')
if sys.argv[1] == "show":
    print('{"format_version": "1.2", "resource_changes": []}')
sys.exit(2 if sys.argv[1] == "plan" else 0)
"""
ONLY_HERE = NETWORK_VARIABLES | {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}
EVERYTHING: Mapping[str, Any] = {
    "parameters": {"tier": "gold", "sizes": [1, 2], "none": None},
    "outputs": {"web/00-first.sh": {"Made": "vpc-1"}},
    "accounts": {"hub": OtherAccount(account_id="210987654321")},
}


class Programs:
    """A folder of programs that write down how they are called, and what they wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "calls.jsonl"

    def add(self, name: str, body: str, *, real: str | None) -> None:
        named = f"FILE = {str(self._file)!r}\nREAL = {real!r}\n"
        program = self.folder / name
        program.write_text(WRITE_DOWN + named + body)
        program.chmod(0o755)

    def started(self) -> list[Any]:
        """The processes since the last time; each with the files that it found new or changed."""
        found, known = [], dict[str, str]()
        for line in self._file.read_text().splitlines():
            said = json.loads(line)
            seen = said["files"]
            said["files"] = {name: text for name, text in seen.items() if known.get(name) != text}
            said["env"] = {name: v for name, v in said["env"].items() if name not in ONLY_HERE}
            said["env"].pop("PATH")
            said["env"] |= {URI_VARIABLE: "…", TOKEN_VARIABLE: "…"}  # other ones each time
            known = seen
            found.append(lasting(said, said.pop("scratch"), str(self.folder), sys.executable))
        self._file.unlink()
        return found


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "programs"
    folder.mkdir()
    real = shutil.which("bash")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    made = Programs(folder)
    made.add("bash", BASH, real=real)
    made.add("terraform", TERRAFORM, real="")
    return made


def complete() -> StepInputs:
    """Inputs with something of everything."""
    contact = Contact(name="B", title="T", email="b@example.com", phone="+1")
    account = facts(contacts={"billing": contact}, custom_fields={"vpc": {"cidr": "10.0.0.0/16"}})
    return StepInputs(account=account, **EVERYTHING)


def cloudformation(_: Programs) -> Any:
    text = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {TopicName: %s}\n"
    first, second = (only_step({"10-topic.cfn.yaml": text % name}) for name in ("one", "two"))
    runner = RUNNERS["cloudformation"]
    found = {}
    with member_account() as inside:
        given = StepInputs(
            account=facts(inside.account_id), consent=Consent(allowed=frozenset("*"))
        )
        acts: Mapping[str, Callable[[], object]] = {
            "create": lambda: runner.run(first, given, inside.session),
            "unchanged": lambda: runner.run(first, given, inside.session),
            "update": lambda: runner.run(second, given, inside.session),
            "destroy": lambda: runner.destroy(second, given, inside.session),  # type: ignore[attr-defined]
        }
        for name, act in acts.items():
            inside.calls.clear()
            act()
            found[name] = [
                {
                    call: {k: v for k, v in said.items() if "Token" not in k}
                    for call, said in c.items()
                }
                for c in lasting(inside.calls, inside.account_id)
            ]
    return found


def python(programs: Programs) -> Any:
    body = WRITE_DOWN.partition("\n")[2] + textwrap.dedent(
        f"""\
        def customize(context):
            sys.argv = sys.orig_argv
            write_down({str(programs.folder / "calls.jsonl")!r})
            account = context.account
            said = (account.account_id, account.ou.names, account.regions, account.tags,
                    account.contacts["billing"].name, account.custom_fields, context.outputs,
                    context.accounts["hub"].account_id, context.parameters)
            return {{"sees": repr(said)}}
        """
    )
    step = only_step({"10-step.py": body, "_names.py": "NAME = 'n'\n", "lib/more.txt": "more"})
    result = RUNNERS["python"].run(step, complete(), OnlyEnvironment())
    (said,) = programs.started()
    said["files"] = sorted(said["files"])  # the step is this test's
    return {"run": lasting(said, sys.executable), "sees": result.outputs["sees"]}


def shell(programs: Programs) -> Any:
    steps = {
        "script": only_step({"10-step.sh": 'echo "A=1" >> "$AFT_OUTPUTS"\n', "_names": "n"}),
        "global": only_step({"10-step.sh": "true\n"}, name="global"),
        "helpers": only_step(
            {f"api_helpers/{name}-api-helpers.sh": "true\n" for name in ("pre", "post")}
        ),
    }
    found = {}
    for name, step in steps.items():
        RUNNERS["shell"].run(step, complete(), OnlyEnvironment())
        found[name] = programs.started()
    return found


def terraform(programs: Programs) -> Any:
    step = only_step(
        {
            **aft_folder('output "Made" {\n  value = "bucket"\n}\n'),
            "customization.yaml": "parameters: {tier: {}}\n",
            "api_helpers/pre-api-helpers.sh": "true\n",
            "api_helpers/post-api-helpers.sh": "true\n",
        }
    )
    own = only_step({"20-dns.terraform/main.tf": "", "customization.yaml": "timeout_seconds: 60\n"})
    cache = programs.folder / "cache"
    states = str(programs.folder / "states")
    local = TerraformOptions(backend=LocalBackend(directory=states), plugin_dir="/providers")
    bucket = S3Backend(bucket="states", region="eu-west-1", key_prefix="aft/", role_arn="arn:x")
    cloud = HcpBackend(organization="acme", project="accounts")
    runner: Any = RUNNERS["terraform"]

    def act(
        verb: str, step: CustomizationStep, options: TerraformOptions, **given: Any
    ) -> list[Any]:
        base = inputs(**given)
        order = StepInputs(
            account=base.account,
            options=type(base.options)(terraform=options),
            **{key: getattr(base, key) for key in given},
        )
        getattr(runner, verb)(step, order, OnlyEnvironment())
        return programs.started()

    return {
        "run": act("run", step, local, **EVERYTHING),
        "destroy": act("destroy", step, local),
        "preview": act("preview", step, local),
        "bucket": act("run", own, TerraformOptions(backend=bucket, plugin_cache_dir=str(cache))),
        "cloud": act("run", own, TerraformOptions(backend=cloud, token=SECRET)),
    }


CASES: Mapping[str, Callable[[Programs], Any]] = {
    "cloudformation": cloudformation,
    "python": python,
    "shell": shell,
    "terraform": terraform,
}


def test_no_runner_does_something_else_under_the_same_version(programs: Programs) -> None:
    assert CASES.keys() == RUNNERS.keys()
    recorded = {
        name: {"effect_version": RUNNERS[name].effect_version, "does": case(programs)}
        for name, case in CASES.items()
    }
    assert not unversioned(recorded, KEPT / "runners")


def test_what_is_different_is_recorded_under_another_version_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPDATE_GOLDEN", "1")
    first = {"one": {"effect_version": 1, "does": "a"}}
    assert not unversioned(first, tmp_path)
    changed = {"one": {"effect_version": 1, "does": "b"}}
    assert unversioned(changed, tmp_path) == {"one": "raise effect_version, then record it again"}
    assert not unversioned(first, tmp_path), "nothing was recorded"
    raised = {"one": {"effect_version": 2, "does": "b"}}
    monkeypatch.delenv("UPDATE_GOLDEN")
    assert unversioned(raised, tmp_path) == {"one": "record it: UPDATE_GOLDEN=1"}
    assert unversioned({}, tmp_path) == {"one": "there is no such plug-in: delete the file"}
