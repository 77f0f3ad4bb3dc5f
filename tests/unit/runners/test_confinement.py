"""Attacks from inside a step: on aft, on other steps, on what outlives them, on their credentials.

Each row is code that a customization's author wrote; it prints GOT where it got something.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from builders_folders import OnlyEnvironment, inputs, only_step
from waiting import is_running, until, until_gone

from aft.customizations.model import StepFailed
from aft.runners.process.credentials import TOKEN_VARIABLE, URI_VARIABLE
from aft.runners.python.runner import PythonRunner
from aft.runners.shell.runner import ShellRunner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="confinement is Linux's")

CANARY = "canary-of-the-run-0123456789"
TRACING = """\
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
class Vec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
def got(pid):
    mine = ctypes.create_string_buffer(8)
    vec = Vec(ctypes.addressof(mine), 8)
    if libc.process_vm_readv(pid, ctypes.byref(vec), 1, ctypes.byref(vec), 1, 0) >= 0:
        print("GOT memory")
    elif ctypes.get_errno() != 1:  # allowed, but there is nothing at that address
        print("GOT memory?", ctypes.get_errno()) if ctypes.get_errno() == 14 else None
    for request in (16, 0x4206):  # ATTACH, SEIZE
        if libc.ptrace(request, pid, None, None) == 0:
            print("GOT trace")
            libc.ptrace(17, pid, None, None)
    if libc.syscall(438, libc.syscall(434, pid, 0), 1, 0) >= 0:  # pidfd_getfd of pidfd_open
        print("GOT descriptor")
"""
FILES_OF_A_PROCESS = (
    *("environ", "mem", "maps", "smaps", "auxv", "stack", "syscall", "pagemap"),
    *("fd/0", "fd/1", "fd/2", "fdinfo/0", "map_files", "cwd", "root", "exe", "io", "ns/mnt"),
)


@dataclass(frozen=True, kw_only=True)
class Sibling:
    """A step of another account that runs meanwhile."""

    home: Path
    pid: int
    environment: dict[str, str]


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where steps have their scratch folders."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("AFT_GIT_TOKEN", CANARY)
    return folder


def shell(script: str) -> str:
    step = only_step({"10-step.sh": script})
    return ShellRunner().run(step, inputs(), OnlyEnvironment()).log


def python(body: str) -> str:
    step = only_step({"10-step.py": body})
    return PythonRunner().run(step, inputs(), OnlyEnvironment()).log


@contextlib.contextmanager
def sibling(scratch: Path) -> Iterator[Sibling]:
    script = 'mkfifo "$HOME/gate"; echo $$ > "$HOME/pid"; read -r line < "$HOME/gate"\n'
    thread = threading.Thread(target=shell, args=(script,))
    thread.start()
    found: list[Path] = []

    def is_there() -> bool:
        found[:] = [path for path in scratch.glob("aft-step-*/home/pid") if path.read_text()]
        return bool(found)

    until(is_there, "the other step runs")
    home = found[0].parent
    pid = next(pid for pid in pids_with(f"HOME={home}") if command_of(pid).startswith("bash"))
    text = Path(f"/proc/{pid}/environ").read_text()
    environment = dict(line.split("=", 1) for line in text.split("\0") if "=" in line)
    try:
        yield Sibling(home=home, pid=pid, environment=environment)
    finally:
        with (home / "gate").open("w") as gate:
            gate.write("end\n")
        thread.join()


def pids_with(variable: str) -> Iterator[int]:
    for place in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if variable.encode() in place.read_bytes().split(b"\0"):
                yield int(place.parent.name)


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def attack_on(pid: int) -> str:
    """Code that tries to get at anything of process ``pid``."""
    return f"""\
{TRACING}
def customize(context):
    got({pid})
    for name in {FILES_OF_A_PROCESS!r}:
        path = "/proc/{pid}/" + name
        for look in (lambda: open(path, "rb").read(1), lambda: os.listdir(path),
                     lambda: os.readlink(path)):
            try:
                found = look()
            except OSError:
                continue
            if found:
                print("GOT", name)
    for task in ("/proc/{pid}/task/{pid}/environ", "/proc/{pid}/task/{pid}/mem"):
        try:
            print("GOT", task, open(task, "rb").read(1))
        except OSError:
            pass
"""


def test_nothing_of_aft_can_be_read_or_traced() -> None:
    assert "GOT" not in python(attack_on(os.getpid()))


def test_nothing_of_the_guard_can_be_read_or_traced() -> None:
    body = attack_on(0).replace("/proc/0/", "/proc/%d/")
    body = body.replace("got(0)", "guard = os.getppid(); got(guard)").replace(
        '/" + name', '/" % guard + name'
    )
    assert "GOT" not in python(body.replace("/task/0/environ", "").replace("/task/0/mem", ""))


def test_nothing_of_another_step_can_be_read_or_traced(scratch: Path) -> None:
    with sibling(scratch) as other:
        assert "GOT" not in python(attack_on(other.pid))


def test_no_process_of_the_machine_shows_a_secret_of_the_run() -> None:
    with subprocess.Popen(["sleep", "infinity"]) as tool:  # as git, with the token
        try:
            log = shell(f"grep -alF '{CANARY}' /proc/[0-9]*/environ || true")
        finally:
            tool.kill()
    assert [line for line in log.splitlines() if not line.startswith("grep: ")] == []
    assert "matches" not in log


def test_signals_reach_neither_aft_nor_the_guard_nor_another_step(scratch: Path) -> None:
    if not has_signal_scopes():
        pytest.skip("signals are scoped since Linux 6.12, or by namespaces")
    with sibling(scratch) as other:
        log = shell(
            f"for pid in {os.getpid()} $PPID {other.pid}; do\n"
            "  kill -0 $pid && echo GOT $pid; kill -STOP $pid && echo GOT $pid\n"
            "done 2>&1 || true"
        )
        assert "GOT" not in log
        assert is_running(other.pid)


def has_signal_scopes() -> bool:
    release = os.uname().release.split(".")
    return (int(release[0]), int(release[1])) >= (6, 12)


HOLDER = """\
import atexit, os, sys
from aft.cli.main import main
def hold():
    print(os.getpid(), flush=True)
    sys.stdin.read()
atexit.register(hold)
sys.argv[1:] = ["--version"]
main()
"""


def test_no_process_of_the_same_user_reads_what_aft_holds() -> None:
    """Without Landlock and namespaces, too; and ``aft`` itself, not only what it calls for it."""
    powerless: list[str] = []
    if os.getuid() == 0:
        drop = shutil.which("setpriv")
        if drop is None:
            pytest.skip("root reads everything, and there is no setpriv to be less")
        powerless = [drop, "--bounding-set=-all", "--inh-caps=-all", "--"]
    with subprocess.Popen(
        [*powerless, sys.executable, "-c", HOLDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as aft:
        assert aft.stdout is not None
        assert aft.stdout.readline().startswith("aft ")
        pid = aft.stdout.readline().strip()
        look = [*powerless, "cat", f"/proc/{pid}/environ"]
        done = subprocess.run(look, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert "Permission denied" in done.stderr
        aft.communicate()


ESCAPES = {
    "nohup": "nohup sleep {n} >/dev/null 2>&1 &",
    "setsid": "setsid sleep {n} & disown",
    "no environment": "env -i setsid sleep {n} & disown",
    "double fork": "(setsid bash -c '(env -i setsid sleep {n} &) &' &)",
    "another name": "(exec -a sshd setsid sleep {n} &)",
    "many": "for i in 1 2 3 4 5 6 7 8 9; do (env -i setsid sleep {n} &) ; done",
    "ignores signals": "(trap '' TERM INT HUP; setsid sleep {n} &)",
    "stopped": "(setsid bash -c 'kill -STOP $$' {n} &)",
    "of python": """python3 -c 'import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: os.execvp("sleep", ["sleep", "{n}"])' &""",
}


def running(number: int) -> list[int]:
    """The processes that have ``number`` as an argument of ``sleep``."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            parts = place.read_bytes().split(b"\0")
            if str(number).encode() in parts and is_running(int(place.parent.name)):
                found.append(int(place.parent.name))
    return found


@pytest.mark.parametrize("way", ESCAPES)
@pytest.mark.parametrize("end", ["good", "bad", "killed"])
def test_no_process_outlives_its_step(way: str, end: str) -> None:
    number = 7_000_000 + os.getpid() * 100 + list(ESCAPES).index(way)
    ends = {"good": "exit 0", "bad": "exit 3", "killed": "kill -9 $$"}
    waits = f"until grep -qaz '^{number}$' /proc/[0-9]*/cmdline; do :; done 2>/dev/null\n"
    script = f"{ESCAPES[way].format(n=number)}\n{waits}{ends[end]}"
    with contextlib.nullcontext() if end == "good" else pytest.raises(StepFailed):
        shell(script)
    assert running(number) == []


RUN = """\
import sys
sys.path[:0] = {path!r}
from builders_folders import OnlyEnvironment, inputs, only_step
from aft.runners.shell.runner import ShellRunner
step = only_step({{"10-step.sh": {script!r}}})
ShellRunner().run(step, inputs(), OnlyEnvironment())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_a_run_that_is_killed(how: signal.Signals) -> None:
    number = 8_000_000 + os.getpid()
    script = f"(env -i setsid sleep {number} &)\nsetsid sleep {number} & sleep {number}"
    code = RUN.format(path=sys.path, script=script)
    with subprocess.Popen([sys.executable, "-c", code]) as run:
        try:
            until(lambda: len(running(number)) >= 3, "the step's processes run")
            pids = running(number)
        finally:
            run.send_signal(how)
    until_gone(*pids)


def test_a_step_cannot_become_root_again() -> None:
    log = shell("grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status")
    assert log.split() == ["CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1"]


def test_a_step_inherits_no_descriptor() -> None:
    with Path("/dev/null").open() as kept, Path("/dev/null").open() as other:
        os.set_inheritable(kept.fileno(), True)
        os.set_inheritable(other.fileno(), True)
        log = shell("ls -l /proc/self/fd")
    assert "/dev/null" not in log


def test_the_environment_of_aft_is_not_there() -> None:
    assert CANARY not in shell("env; cat /proc/self/environ")


# --- credentials ---------------------------------------------------------------------------------

ASK = """\
import json, os, urllib.error, urllib.request
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
def ask(uri, **headers):
    try:
        with direct.open(urllib.request.Request(uri, headers=headers), timeout=30) as answer:
            print("GOT", sorted(json.load(answer)))
    except (OSError, ValueError) as error:
        print("refused", getattr(error, "code", type(error).__name__))
"""


def test_a_step_gets_its_own_credentials() -> None:
    log = python(
        ASK + "def customize(context):\n"
        f"    ask(os.environ[{URI_VARIABLE!r}], Authorization=os.environ[{TOKEN_VARIABLE!r}])\n"
    )
    assert log == "GOT ['AccessKeyId', 'Expiration', 'SecretAccessKey', 'Token']\n"


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("ask(uri)", "refused 403"),
        ("ask(uri, Authorization='')", "refused 403"),
        ("ask(uri, Authorization=token[:-1])", "refused 403"),
        ("ask(uri, Authorization=token + 'x')", "refused 403"),
        ("ask(uri, Authorization='Bearer ' + token)", "refused 403"),
        ("ask(uri + '?x=1', Authorization=token)", "refused 403"),
        ("ask(uri + '/', Authorization=token)", "refused 403"),
        ("ask(uri.replace('127.0.0.1', 'localhost'), Authorization=token)", "refused 403"),
        ("ask(uri, Authorization=token, Host='evil.example')", "refused 403"),
        ("ask(uri, Authorization=token, Host='169.254.170.2')", "refused 403"),
        ("ask(uri, Authorization='\\xe9')", "refused 403"),
    ],
)
def test_the_endpoint_answers_only_with_the_token_and_at_its_own_address(
    call: str, answer: str
) -> None:
    log = python(
        ASK + "def customize(context):\n"
        f"    uri, token = os.environ[{URI_VARIABLE!r}], os.environ[{TOKEN_VARIABLE!r}]\n"
        f"    {call}\n"
    )
    assert log == f"{answer}\n"


def test_a_steps_token_opens_no_other_steps_endpoint(scratch: Path) -> None:
    with sibling(scratch) as other:
        theirs = other.environment[URI_VARIABLE]
        body = f"""\
{ASK}
def customize(context):
    ask({theirs!r})
    ask({theirs!r}, Authorization=os.environ[{TOKEN_VARIABLE!r}])
"""
        assert python(body) == "refused 403\nrefused 403\n"


def test_after_the_step_its_endpoint_is_gone(scratch: Path) -> None:
    with sibling(scratch) as other:
        uri, token = (other.environment[name] for name in (URI_VARIABLE, TOKEN_VARIABLE))
    body = f"{ASK}\ndef customize(context):\n    ask({uri!r}, Authorization={token!r})\n"
    assert python(body) == "refused URLError\n"


def test_no_key_is_in_any_environment_or_file(scratch: Path) -> None:
    with sibling(scratch) as other:
        assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & other.environment.keys()
        place = other.home.parent
        texts = [file.read_bytes() for file in place.rglob("*") if file.is_file()]
    assert not any(b"ASIAQQQQ" in text or b"wJalrX" in text for text in texts)


def test_the_containers_own_credentials_are_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/of-the-runner")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/token")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token")
    log = shell("env")
    assert "RELATIVE_URI" not in log
    assert "TOKEN_FILE" not in log
    assert "AWS_EC2_METADATA_DISABLED=true\n" in log
