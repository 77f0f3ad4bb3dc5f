from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from builders_inside import facts, member_account
from builders_steps import step
from waiting import TimeOnceThere, until_gone

from aft.customizations.model import ALL_INPUTS, StepInputs, StepResult
from aft.errors import Terminal
from aft.redaction import redact
from aft.runners.process.child import ChildEnd, shown
from aft.runners.process.workdir import NETWORK_VARIABLES
from aft.runners.python.runner import PythonRunner
from aft.runners.terraform.output import error_lines
from aft.values.ids import AccountId

PATH = "customizations/accounts/web/10-step.py"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN"
ANOTHER = "z9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz"
"""A secret that aft does not know."""


class OnlyEnvironment:
    """A session for steps that call nothing."""

    account_id = AccountId("123456789012")
    home_region = "eu-central-1"

    def client(self, service: str, region: str | None = None) -> Any:
        raise AssertionError((service, region))

    def of(self, account_id: AccountId) -> OnlyEnvironment:
        raise AssertionError(account_id)

    def environment(self) -> Mapping[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": TOKEN,
            "AWS_REGION": "eu-central-1",
        }


def run(
    body: str,
    *,
    support: Mapping[str, str] | None = None,
    outputs: Mapping[str, Mapping[str, str]] | None = None,
    runner: PythonRunner | None = None,
    **changes: Any,
) -> StepResult:
    runner = runner or PythonRunner()
    made = step(runner, textwrap.dedent(body), name="10-step.py", support=support)
    inputs = StepInputs(account=facts(**changes), outputs=outputs or {})
    return runner.run(made, inputs, OnlyEnvironment())


def failure(body: str, **options: Any) -> Terminal:
    with pytest.raises(Terminal) as caught:
        run(body, **options)
    return caught.value


def test_a_step_sees_its_account_and_returns_outputs() -> None:
    result = run(
        """\
        def customize(context):
            account = context.account
            context.log(f"{account.name} in {account.ou} is {account.account_id}")
            made = context.outputs["web/00-first.cfn.yaml"]["Arn"]
            return {"Tier": account.custom_fields["tier"], "Arn": made, "Tag": account.tags["a"]}
        """,
        outputs={"web/00-first.cfn.yaml": {"Arn": "arn:aws:x"}},
        custom_fields={"tier": "gold"},
        tags={"a": "b"},
    )
    assert result.outputs == {"Tier": "gold", "Arn": "arn:aws:x", "Tag": "b"}
    assert result.log == "Payments (Prod) in Workloads/Prod is 123456789012\n"


def test_a_step_waits_for_no_library_that_it_does_not_use() -> None:
    result = run(
        """\
        import sys
        def customize(context):
            slow = {"boto3", "botocore", "click", "jinja2", "pydantic", "pygit2", "yaml"}
            return {"Loaded": " ".join(sorted(slow & sys.modules.keys()))}
        """
    )
    assert result.outputs == {"Loaded": ""}


def test_support_files_can_be_imported_and_read() -> None:
    result = run(
        """\
        from pathlib import Path
        import _names
        from lib import more

        def customize(context):
            data = Path(__file__).with_name("data") / "zones.txt"
            return {"name": _names.NAME, "more": more.MORE, "zones": data.read_text()}
        """,
        support={
            "_names.py": "NAME = 'n'\n",
            "lib/more.py": "MORE = 'm'\n",
            "data/zones.txt": "a,b",
        },
    )
    assert result.outputs == {"name": "n", "more": "m", "zones": "a,b"}


def test_no_outputs_is_fine() -> None:
    assert run("def customize(context):\n    pass\n").outputs == {}


def test_the_environment_holds_the_way_to_credentials_and_nothing_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_not_for_steps")
    monkeypatch.setenv("AWS_PROFILE", "management")
    result = run(
        """\
        import json, os, sys
        def customize(context):
            return {"env": json.dumps(sorted(os.environ)), "cwd": os.getcwd(),
                    "home": os.environ["HOME"], "path": json.dumps(sys.path)}
        """
    )
    names = set(json.loads(result.outputs["env"])) - {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}
    names -= NETWORK_VARIABLES
    assert names == {
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_REGION",
        "HOME",
        "LANG",
        "PATH",
        "TMPDIR",
    }
    assert result.outputs["cwd"] == result.outputs["home"]
    assert not Path(result.outputs["home"]).exists()
    assert str(Path.cwd()) not in json.loads(result.outputs["path"])[:1]


def test_credentials_never_reach_the_log_or_an_error() -> None:
    shouting = """\
        import boto3, os, sys
        def customize(context):
            keys = boto3.Session().get_credentials().get_frozen_credentials()
            print(keys.secret_key, os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
            print("token=" + keys.token, file=sys.stderr)
            %s
        """
    log = run(shouting % "return {}").log
    assert SECRET not in log
    assert TOKEN not in log
    assert log.count("***") == 3
    raised = failure(shouting % "raise ValueError(keys.secret_key)")
    assert raised.message == f"{PATH}:6: ValueError: ***"
    ended = failure(shouting % "sys.stdout.flush(); os._exit(3)")
    assert SECRET not in ended.message
    assert "***" in ended.message


def test_a_credential_is_no_output() -> None:
    body = """\
        import boto3
        def customize(context):
            return {"key": "x" + boto3.Session().get_credentials().secret_key}
        """
    assert "returned a secret" in failure(body).message


def test_the_end_of_a_long_log_is_kept_without_half_a_secret() -> None:
    result = run(
        """\
        import boto3
        def customize(context):
            print("first")
            print((boto3.Session().get_credentials().secret_key + "\\n") * 5000)
            print("last")
        """
    )
    assert len(result.log) <= 64 * 1024 + 10
    assert "first" not in result.log
    assert result.log.endswith("last\n")
    assert SECRET[-12:] not in result.log


@pytest.mark.parametrize("lost", range(len(SECRET) + 1))
def test_a_secret_cut_in_two_is_not_shown(lost: int) -> None:
    text = shown(f"{SECRET[lost:]} and {SECRET}".encode(), cut=lost > 0, secrets=[TOKEN, SECRET])
    assert text == ("*** and ***" if lost == 0 else "[…] and ***")


def _end(output: str) -> ChildEnd:
    return ChildEnd(exit_code=1, timed_out=False, answer=b"", output=output)


KEY = "\n".join(("-----BEGIN RSA PRIVATE KEY-----", *("MIIEpAIBAAKCAQEA" * 4,) * 30))
KEY_END = "-----END RSA PRIVATE KEY-----"


def test_the_last_lines_of_a_private_key_are_not_shown() -> None:
    """Without its first line nothing would say what they are."""
    for text in (f"{KEY}\n{KEY_END}\n", f"{KEY}\n", f"cannot read {KEY}\n{KEY_END}\nbye\n"):
        assert "MIIE" not in _end(text).tail
    assert (
        "MIIE" not in error_lines(f"Error: bad key {KEY}\n{KEY_END}\n", step(PythonRunner(), ""))[1]
    )


@pytest.mark.parametrize("lost", range(0, len(KEY), 7))
def test_a_private_key_that_was_cut_is_not_shown(lost: int) -> None:
    text = shown(f"{KEY}\n{KEY_END}\n"[lost:].encode() + b"done\n", cut=lost > 0, secrets=[])
    assert "MIIE" not in redact(text)
    assert text.endswith("done\n")


def test_a_line_that_was_cut_is_left_out() -> None:
    """What its beginning was, no one can say: perhaps the name of the value that is left."""
    text = shown(f"essKey: {ANOTHER}\nSecretAccessKey: x\n".encode(), cut=True, secrets=[])
    assert text == "[…]SecretAccessKey: x\n"


def test_a_value_on_the_line_behind_its_name_is_not_shown() -> None:
    assert ANOTHER not in _end(f'"SecretAccessKey":\n  "{ANOTHER}"\n').tail


def test_the_message_of_a_step_has_no_end_of_a_private_key() -> None:
    error = failure(f"def customize(context):\n    raise ValueError({KEY!r})\n")
    assert "MIIE" not in redact(error.message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "def customize(context):\n    return 1 / 0\n",
            f"{PATH}:2: ZeroDivisionError: division by zero",
        ),
        ("import nowhere\n", f"{PATH}:1: ModuleNotFoundError: No module named 'nowhere'"),
        ("def customize(context):\n    raise SystemExit(4)\n", f"{PATH}:2: SystemExit: 4"),
        ("def customize(context):\n    return ['a']\n", f"{PATH}: customize() returned ['a']; "),
        ("def customize(context):\n    return {'a': 1}\n", f"{PATH}: customize() returned {{'a'"),
        ("def customize(context):\n    return {'a': 'x' * 70000}\n", f"{PATH}: customize() return"),
        (
            "import os\ndef customize(context):\n    os._exit(7)\n",
            f"{PATH}: the process ended (exit code 7) before customize() returned",
        ),
        (
            "import os, signal\ndef customize(context):\n    os.kill(os.getpid(), 11)\n",
            f"{PATH}: the process ended (killed by SIGSEGV)",
        ),
        (
            "async def customize(context):\n    pass\n",
            f"{PATH}: TypeError: customize() is a corout",
        ),
    ],
)
def test_a_step_that_fails_says_why_and_where(body: str, message: str) -> None:
    assert failure(body).message.startswith(message)


def test_a_failure_in_a_support_file_is_placed_there() -> None:
    raised = failure(
        "import _more\ndef customize(context):\n    _more.go()\n",
        support={"_more.py": "def go():\n    raise KeyError('x')\n"},
    )
    assert raised.message == "customizations/accounts/web/_more.py:2: KeyError: 'x'"


def test_a_step_that_hangs_is_stopped_with_all_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    raised = failure(
        f"""\
        import os, subprocess, threading
        TIMEOUT_SECONDS = 3
        def customize(context):
            print("waiting for the pipeline", flush=True)
            child = subprocess.Popen(["sleep", "infinity"])
            with open({str(pids)!r} + ".new", "w") as file:
                file.write(f"{{os.getpid()}} {{child.pid}}")
            os.rename(file.name, {str(pids)!r})
            threading.Event().wait()
        """,
        runner=PythonRunner(elapsed=TimeOnceThere(pids)),
    )
    assert "not done after 3 seconds, so it was stopped" in raised.message
    assert "waiting for the pipeline" in raised.message
    assert "TIMEOUT_SECONDS" in raised.hint
    until_gone(*map(int, pids.read_text().split()))


def test_what_a_step_leaves_running_is_stopped_when_it_returns(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    result = run(
        f"""\
        import subprocess, threading
        TIMEOUT_SECONDS = 300
        def customize(context):
            children = [subprocess.Popen(["sleep", "infinity"]) for _ in range(5)]
            open({str(pids)!r}, "w").write(" ".join(str(child.pid) for child in children))
            threading.Thread(target=threading.Event().wait).start()
            return {{"done": "yes"}}
        """
    )
    assert result.outputs == {"done": "yes"}
    until_gone(*map(int, pids.read_text().split()))


def test_much_output_and_a_large_order_block_nothing() -> None:
    result = run(
        """\
        def customize(context):
            for number in range(200000):
                print("x" * 20)
            return {"size": str(len(context.account.custom_fields["big"]))}
        """,
        custom_fields={"big": "y" * 500_000},
    )
    assert result.outputs == {"size": "500000"}


def test_a_step_reaches_its_own_account_and_no_other() -> None:
    body = """\
        def customize(context):
            ssm = context.client("ssm")
            ssm.put_parameter(Name="/made", Value="by the step", Type="String")
            context.client("ssm", "eu-west-1").put_parameter(Name="/w", Value="w", Type="String")
            return {"account": context.client("sts").get_caller_identity()["Account"]}
        """
    with member_account(with_server=True) as inside:
        runner = PythonRunner()
        made = step(runner, textwrap.dedent(body), name="10-step.py")
        inputs = StepInputs(account=facts(inside.account_id))
        result = runner.run(made, inputs, inside.session)
        assert result.outputs == {"account": inside.account_id}
        found = inside.look("ssm").get_parameter(Name="/made")["Parameter"]
        assert found["Value"] == "by the step"
        assert inside.look("ssm", "eu-west-1").get_parameter(Name="/w")["Parameter"]["Value"] == "w"


# --- offline --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def customize(context):\n    return {}\n", []),
        ("def customize(context, more=None, *, x=1):\n    return {}\n", []),
        ("def customize(*args):\n    return {}\n", []),
        ("def customize(context)\n    pass\n", [("AFT610", 1, 23)]),
        ("x = (\n", [("AFT610", 1, 5)]),
        ("def customise(context):\n    pass\n", [("AFT611", 1, 1)]),
        ("class A:\n    def customize(self):\n        pass\n", [("AFT611", 1, 1)]),
        ("x = 1\ndef customize():\n    pass\n", [("AFT612", 2, 5)]),
        ("def customize(a, b):\n    pass\n", [("AFT612", 1, 5)]),
        ("def customize(a, *, b):\n    pass\n", [("AFT612", 1, 5)]),
        ("async def customize(a):\n    pass\n", [("AFT612", 1, 11)]),
        ("def customize(a):\n    yield a\n", [("AFT612", 1, 5)]),
        ("TIMEOUT_SECONDS = 0\ndef customize(a):\n    pass\n", [("AFT613", 1, 1)]),
        ("TIMEOUT_SECONDS = 3601\ndef customize(a):\n    pass\n", [("AFT613", 1, 1)]),
        ("TIMEOUT_SECONDS = 60 * 5\ndef customize(a):\n    pass\n", [("AFT613", 1, 1)]),
        ("TIMEOUT_SECONDS: int = 3600\ndef customize(a):\n    pass\n", []),
        ("raise SystemExit\ndef customize(a):\n    pass\n", []),
        ("\0", [("AFT610", 1, 1)]),
    ],
)
def test_a_step_is_checked_without_running_it(
    source: str, expected: list[tuple[str, int, int]]
) -> None:
    runner = PythonRunner()
    found = runner.check(step(runner, source, name="10-step.py"))
    assert [(item.code, item.source.line, item.source.column) for item in found] == expected


@pytest.mark.parametrize(
    ("body", "used"),
    [
        ("return {'a': context.account.tags['x']}", {"tags", "home_region"}),
        ("context.client('s3'); context.log('x')", {"home_region"}),
        ("return context.outputs['a/b']", {"outputs", "home_region"}),
        ("return {'a': context.account.account_id}", {"account_id", "home_region"}),
        ("a = context.account", ALL_INPUTS),
        ("other(context)", ALL_INPUTS),
        ("context.account.nothing", ALL_INPUTS),
        ("return {'a': getattr(context.account, 'x')}", ALL_INPUTS),
    ],
)
def test_which_inputs_a_step_reads(body: str, used: set[str]) -> None:
    runner = PythonRunner()
    made = step(runner, f"def customize(context):\n    {body}\n", name="10-step.py")
    assert made.uses == used


def test_a_step_that_forks_away_leaves_nothing_running() -> None:
    result = run(
        """\
        import os, signal
        TIMEOUT_SECONDS = 300
        def customize(context):
            read, write = os.pipe()
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.write(write, str(os.getpid()).encode())
                    while True:
                        signal.pause()
                os._exit(0)
            return {"Forked": os.read(read, 100).decode()}
        """
    )
    until_gone(int(result.outputs["Forked"]))


def test_an_answer_that_was_cut_is_quoted_neither_in_the_reason_nor_in_the_log() -> None:
    error = failure(
        """\
        import botocore.parsers
        def customize(context):
            answer = {"body": b"<AssumeRoleResponse><SecretAccessKey>canary</SecretAcc",
                      "headers": {}, "status_code": 200}
            try:
                botocore.parsers.create_parser("query").parse(answer, None)
            except Exception as cause:
                raise RuntimeError("no key, no work") from cause
        """
    )
    assert error.message == f"{PATH}:8: RuntimeError: no key, no work"
    assert "ResponseParserError\n" in error.log
    assert "no key, no work" in error.log
    assert "canary" not in error.log
    again = failure(
        """\
        import botocore.parsers
        def customize(context):
            answer = {"body": b"<Response>canary", "headers": {}, "status_code": 200}
            botocore.parsers.create_parser("query").parse(answer, None)
        """
    )
    assert again.message == f"{PATH}:4: ResponseParserError: an answer could not be read"
    assert "canary" not in again.log
