"""The gate for text that leaves: what it finds, what it leaves alone, and the doors it is at."""

from __future__ import annotations

import base64
import contextlib
import html
import io
import itertools
import json
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import click
import pytest
from builders_git import Clone, event, git
from builders_plan import account, customization, desired, request, snapshot, unit
from builders_reconcile import stage
from fakes.clocks import SteppingClock

from aft import redaction
from aft.app.apply.run_logs import RunLogs
from aft.app.text_files import write_new, write_text
from aft.cli.outlets import outlets, print_as_it_is, report_bugs_safely
from aft.clock import SystemClock
from aft.errors import Terminal
from aft.git.ledger.snapshots import GitSnapshots
from aft.git.ledger.store import GitLedger
from aft.github.actions import write_outputs
from aft.github.address import ApiAddress
from aft.github.client import GitHubClient, Token
from aft.github.wire import Request, Response
from aft.ledger.codec import decode_event, line_digest
from aft.redaction import Redactor, hold, hold_variables, redact, redacted_bytes, switched_off

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYHELDINTEST"
ODD = "pä$s \"w\\o&r'd<1>"
KEY_ID = "ASIAQQQQQQQQQQQQQQQQ"


def held(*secrets: str) -> Redactor:
    made = Redactor()
    for secret in secrets:
        made.hold(secret, expires=False)
    return made


# --- what is found ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAABCDEFGHIJKLMNOP",
        "ASIA2CUT7ABCDEFGH",
        "IQoJb3JpZ2luX2VjE" + "Ab1/" * 20,
        "FwoGZXIvYXdzE" + "Ab1+" * 20 + "==",
        "aoaAAAAAGZ" + "a1B+" * 20,
        "ghp_" + "a1" * 18,
        "ghs\\_" + "a1" * 18,
        "github_pat_" + "a1" * 30,
        "glpat-" + "a1" * 10,
        "ab12cd34ef56gh.atlasv1." + "x" * 60,
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvIn0." + "s" * 40,
        "eyJ2ZXIiOjEsImlzdSI6MTYs.a1B2" + "a1-_" * 9 + ".iViViViViViViViV.cccc.dddd",
        "eyJhbGciOiJkaXIifQ.." + "a1B2" * 5 + ".bbbb.cccc",
    ],
)
@pytest.mark.parametrize("around", ["{}", "see {}, it", '"{}"', "<Key>{}</Key>", "key={}\n", "{}."])
def test_what_has_the_shape_of_a_credential_is_found(text: str, around: str) -> None:
    assert redact(around.format(text)) == around.format("***")


@pytest.mark.parametrize(
    "text",
    [
        "<SecretAccessKey>@</SecretAccessKey>",
        "<SessionToken>\n  @\n</SessionToken>",
        "&lt;SecretAccessKey&gt;@&lt;",
        '{"secretAccessKey": "@"}',
        '{\\"SessionToken\\":\\"@\\"}',
        "'SecretAccessKey': '@'",
        "AWS_SECRET_ACCESS_KEY=@",
        "aws_secret_access_key = @",
        "x-amz-security-token: @",
        "Authorization: Bearer @",
        "https://x-access-token:@@github.com/acme/x.git",
        "&X-Amz-Signature=@&",
        "'authorizationToken': '@'",
        "{'SecretString': '@'}",
        '{"clientSecret":"@"}',
        '{"access_token": "@"}',
        "accessToken: @",
        "RefreshToken=@",
        "ReadOnlyCredentials(access_key='x', secret_key='@', token='y')",
        "SecretAccessKey%22%3A%22@",
        "SecretAccessKey\\u0022:\\u0022@",
        "SecretAccessKey&#34;: &#34;@&#34;",
        '<SecretAccessKey xmlns="https://x">@</SecretAccessKey>',
        "AWS_SECRET_ACCESS_KEY: |\n  @",
        "aws configure set aws_secret_access_key @",
        "SecretAccessKey\t@\t2026",
        "--secret-key @ --more",
        "('SecretAccessKey', '@')",
    ],
)
def test_the_value_of_a_credential_s_field_is_found(text: str) -> None:
    value = "z9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz"
    assert redact(text.replace("@", value, 1)) == text.replace("@", "***", 1)


@pytest.mark.parametrize(
    "text",
    [
        "1f0a5dd8c6b1d1a5a5f4e2d3c4b5a69788796a5b",  # a commit
        "sha256:" + "0a" * 32,
        "arn:aws:iam::111122223333:role/OrganizationAccountAccessRole",
        "ssh://git@github.com/acme/accounts.git",
        "https://github.com:443/acme/accounts@v1",
        "OU EURASIAPACIFICDATACENTER1, ASIAPACIFIC-SOUTH",
        "SessionToken is missing and SecretAccessKey too, says the documentation",
        "Authorization: none",
        "SecretAccessKey internationalization-of-messages, and SessionToken Descriptions_of_all",
        "-----BEGIN CERTIFICATE----- MIIB",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_a_private_key_is_found_whole_and_json_stays_json() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB/AAK+=\nabc\n-----END RSA PRIVATE KEY-----\n"
    assert redact(f"a\n{key}") == "a\n***"
    assert json.loads(redact(json.dumps({"a": key, "b": "stays"}))) == {"a": "***", "b": "stays"}


@pytest.mark.parametrize("kind", ["", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_a_private_key_of_any_kind_is_found(kind: str) -> None:
    key = f"-----BEGIN {kind}PRIVATE KEY-----\nMIIEpAIB/AAK+=\n-----END {kind}PRIVATE KEY-----\n"
    assert redact(key) == "***"
    for quoted in ("> ", "  | ", "# "):
        assert "MIIE" not in redact(key.replace("\n", f"\n{quoted}"))
    block = key.replace("KEY--", "KEY BLOCK--").replace(kind, "PGP ")
    assert "MIIE" not in redact(block)


@pytest.mark.parametrize("secret", [SECRET, ODD, "12345678", "--__--__--", "é" * 9])
@pytest.mark.parametrize(
    "spelled",
    [
        str,
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(json.dumps(text))[3:-3],
        html.escape,
        lambda text: quote(text, safe=""),
        lambda text: quote(quote(text, safe=""), safe=""),
        lambda text: "".join(c if c.isalnum() else f"&#x{ord(c):X};" for c in text),
        lambda text: "".join(c if c.isalnum() else f"\\u{ord(c):04X}" for c in text),
        lambda text: "".join(c if c.isalnum() else f"\\{c}" for c in text),  # Markdown
        lambda text: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in text),
    ],
)
def test_a_held_value_is_found_however_it_is_spelled(
    secret: str, spelled: Callable[[str], str]
) -> None:
    found = held("not-this-one-either", secret)
    assert secret not in found.redact(secret)
    said = found.redact(f"x{spelled(secret)}y {secret}")
    assert "***y ***" in said
    assert not any(part in said for part in secret.split() if len(part) > 3)


def _encoded(text: str, encode: Callable[[bytes], bytes] = base64.b64encode) -> str:
    return encode(text.encode()).decode()


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("around", ["", "a", "ab", "abc", "x-access-token:"])
@pytest.mark.parametrize("secret", [SECRET, ODD, "a?>b?>c?>d~~~~", "é" * 9])
def test_a_held_value_is_found_in_base64_at_any_place(
    secret: str, around: str, encode: Callable[[bytes], bytes]
) -> None:
    """Of the first and last letter there may be bits in a sign of their neighbours."""
    said = held(secret).redact(f"Basic {_encoded(f'{around}{secret}{around}', encode)}.")
    assert "***" in said
    assert len(said) <= len(f"Basic ***.{_encoded(around * 2)}") + 4


@pytest.mark.parametrize("width", [20, 40, 60, 64, 76, 80])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\n  ", " \\\n"])
def test_a_held_value_is_found_although_lines_are_broken(width: int, newline: str) -> None:
    token = "IQsJ" + "".join(f"aB{number:02}/xY+{number:02}" for number in range(40))
    for text in (token, _encoded(token), f"key: {SECRET} {token}"):
        lines = [text[at : at + width] for at in range(0, len(text), width)]
        said = held(SECRET, token).redact(newline.join(lines) + "\nend\n")
        assert "***" in said
        assert len(said) < 80
        assert said.endswith("\nend\n")


@pytest.mark.parametrize("count", [1, 200])
def test_many_are_held_at_little_cost(count: int) -> None:
    secrets = [f"{number:06}/abcdefghABCDEFGH{number:020}" for number in range(count)]
    found = held(*secrets)
    assert found.redact(f"{secrets[-1]}{secrets[0]}") == "******"
    assert found.redact("a text without any" * 10) == "a text without any" * 10


def test_lines_of_a_key_are_held_one_by_one_and_short_values_not_at_all() -> None:
    found = held("first-line-of-it\nsecond-line-of-it", "short")
    assert found.redact("second-line-of-it first-line-of-it short") == "*** *** short"


def test_sessions_that_expired_are_forgotten_and_lasting_ones_are_not() -> None:
    found = held("a-lasting-credential")
    for number in range(redaction._MOST_SESSIONS + 1):
        found.hold(f"credential{number:010}", expires=True)
    assert found.redact("credential0000000000") == "credential0000000000"
    assert found.redact("credential0000000001 a-lasting-credential") == "*** ***"


def test_credentials_among_variables_are_held_by_their_names() -> None:
    variables = {
        "AWS_SECRET_ACCESS_KEY": "variable-1/secret",
        "MY_SERVICE_TOKEN": "variable-2-secret",
        "TF_TOKEN_app_terraform_io": "variable-3-secret",
        "DB_PASSWORD": "variable-4-secret",
        "HTTPS_PROXY": "http://me:variable-5-secret@proxy:3128",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/variable-6",
        "CI_JOB_TOKEN": "/no/secret/variable-7",
        "MAX_TOKEN": "100000000000",
        "HOME": "/home/variable-8",
    }
    hold_variables(variables)
    said = redact(" ".join(variables.values()))
    assert [number for number in range(1, 9) if f"variable-{number}" in said] == [6, 7, 8]
    assert "100000000000" in said


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    assert redacted_bytes(b"\xff\xfe AKIAIOSFODNN7EXAMPLE \x00") == b"\xff\xfe *** \x00"
    assert redacted_bytes(b"\xff") == b"\xff"


@pytest.mark.parametrize(
    "part",
    [
        *("AKIA", "eyJ", "eyJ-", "glpat-", "ghp_", "IQoJ\\", "://a:", "Signature="),
        *("SecretAccessKey ", "SessionToken\\", "uthorization:", "-----BEGIN PRIVATE KEY-----"),
        *("abcdefg.atlasv1.", "\\", "wJalrXUtnFEMI"),
    ],
)
def test_no_text_takes_long(part: str) -> None:
    """What takes quadratic time would take minutes here."""
    assert held(SECRET).redact(part * (200_000 // len(part)))


# --- where it is ----------------------------------------------------------------------------

LEAK = f"it said {SECRET} and {KEY_ID}"


@dataclass
class _Wire:
    sent: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        return Response(201, {}, b'{"id": 1}')


def _stream(name: str, leak: str) -> str:
    stream = io.StringIO()
    redirect = contextlib.redirect_stdout if name == "stdout" else contextlib.redirect_stderr
    with redirect(stream), outlets():
        for part in (leak[:12], leak[12:20], leak[20:]):  # in pieces, as some write
            (sys.stdout if name == "stdout" else sys.stderr).write(part)
        click.echo("", err=name == "stderr")
    return stream.getvalue()


def _file(folder: Path, leak: str) -> str:
    write_text(folder / "a" / "comment.md", leak)
    return (folder / "a" / "comment.md").read_text()


def _new_file(folder: Path, leak: str) -> str:
    assert write_new(folder, "new.yaml", leak)
    return (folder / "new.yaml").read_text()


def _step_log(folder: Path, leak: str) -> str:
    logs = RunLogs(folder)
    logs.keep(leak, run="r", target="t", step="s")
    return logs.path(run="r", target="t", step="s").read_text()


def _objects(clone: Clone) -> str:
    return git(clone.path, "cat-file", "--batch", "--batch-all-objects")


def _ledger(folder: Path, leak: str) -> str:
    clone = Clone(folder / "clone")
    ledger = GitLedger(clone.repository, remote=None, clock=SystemClock(), environ={})
    about = {"reason": leak, "outputs": {"Fine": leak}, "kind": "k", "action": "run", "key": "x"}
    ledger.append([event(summary=leak, data=about), event(second=1, summary=f"again {leak}")])
    ledger.append([event(second=2, actor=f"{leak} <a@example.com>", summary="more")])
    return _objects(clone)


def _snapshot(folder: Path, leak: str) -> str:
    clone = Clone(folder / "clone")
    store = GitSnapshots(clone.repository, remote=None, clock=SystemClock(), environ={})
    store.publish(snapshot(["Prod"], [account(1, leak[:50], "Prod")]))
    return _objects(clone)


def _github(_: Path, leak: str) -> str:
    wire = _Wire()
    client = GitHubClient(
        address=ApiAddress.parse("https://api.github.com"),
        repository="acme/accounts",
        token=Token("a-token-of-github"),
        clock=SteppingClock(),
        wire=wire,
    )
    client.post("/issues/1/comments", {"body": leak}, needs="issues: write")
    return str([request.body for request in wire.sent])


def _outputs(folder: Path, leak: str) -> str:
    write_outputs(folder / "outputs", {"line": leak})
    return (folder / "outputs").read_text()


def _failed_step(_: Path, leak: str) -> str:
    """The row of a step that failed, from which every report is made."""
    scene = stage()
    scene.runner.errors["global/10-roles.py"] = Terminal(leak, hint=leak)
    outcome = scene.apply(
        desired(
            request("payments"),
            units=[unit("Workloads")],
            customizations=[customization("global", "10-roles.py")],
        )
    )
    return f"{outcome} {scene.ledger.read().record('payments')}"


DOORS: Mapping[str, Callable[[Path, str], str]] = {
    "stdout": lambda _, leak: _stream("stdout", leak),
    "stderr": lambda _, leak: _stream("stderr", leak),
    "file": _file,
    "new file": _new_file,
    "log of a step": _step_log,
    "ledger": _ledger,
    "snapshot": _snapshot,
    "github": _github,
    "outputs": _outputs,
    "failed step": _failed_step,
}


@pytest.mark.parametrize("door", DOORS)
def test_nothing_gets_through_this_door(door: str, tmp_path: Path) -> None:
    hold(SECRET)
    with switched_off():
        (tmp_path / "open").mkdir()
        passed = DOORS[door](tmp_path / "open", LEAK)
    assert SECRET in passed, "nothing but the gate stops it here"
    (tmp_path / "shut").mkdir()
    said = DOORS[door](tmp_path / "shut", LEAK)
    assert "it said ***" in said
    assert SECRET not in said
    assert KEY_ID not in said


def test_the_ledger_s_chain_holds_over_what_was_redacted(tmp_path: Path) -> None:
    """Each line has the digest of the line before as it was written."""
    hold(SECRET)
    clone = Clone(tmp_path / "clone")
    ledger = GitLedger(clone.repository, remote=None, clock=SystemClock(), environ={})
    for second in range(3):
        ledger.append([event(second=second, summary=f"{LEAK} {second}")])
    shard = git(clone.path, "ls-tree", "-r", "--name-only", "aft/ledger")
    (path,) = [name for name in shard.splitlines() if name.endswith("events.jsonl")]
    lines = git(clone.path, "show", f"aft/ledger:{path}").encode().split(b"\n")
    for before, line in itertools.pairwise(lines):
        found = decode_event(line)
        assert found is not None
        assert found.previous == line_digest(before)


def test_a_value_that_is_asked_for_is_printed_as_it_is() -> None:
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream), outlets():
        sys.stdout.write("first, ")
        print_as_it_is("export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE")
        click.echo("AKIAIOSFODNN7EXAMPLE")
    assert stream.getvalue() == "first, export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\n***\n"


def test_the_streams_come_back_and_a_prompt_does_not_wait_for_its_line() -> None:
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        with outlets():
            sys.stdout.write("Apply? ")
            assert stream.getvalue() == ""
            sys.stdout.flush()
            assert stream.getvalue() == "Apply? "
            sys.stdout.write("never ended")
        assert sys.stdout is stream
    assert stream.getvalue() == "Apply? never ended"


def test_many_threads_write_whole_lines() -> None:
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream), outlets():

        def write(number: int) -> None:
            for _ in range(50):
                sys.stdout.write(f"{number}" * 20 + "\n")

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all(len(set(line)) == 1 for line in stream.getvalue().splitlines())


def test_what_the_interpreter_reports_has_no_foreign_text() -> None:
    """Of threads and destructors as well."""
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    stream = io.StringIO()
    try:
        report_bugs_safely()
        with contextlib.redirect_stderr(stream):
            thread = threading.Thread(target=lambda: int("a-secret-text"))
            thread.start()
            thread.join()
            with pytest.raises(ValueError, match="a-secret-text") as caught:
                int("a-secret-text")
            sys.excepthook(caught.type, caught.value, caught.tb)
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before
    assert stream.getvalue().count("Traceback") == 2
    assert "'a-secret-text'" not in stream.getvalue(), "as int() quotes it"
