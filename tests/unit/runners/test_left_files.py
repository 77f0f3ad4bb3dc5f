"""What a step leaves in its scratch folder is not believed to be a file: attacks from inside."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest
from builders_folders import OnlyEnvironment, inputs, only_step

from aft.customizations.model import StepFailed
from aft.runners.process.left import NotPlainError, read_left, remove_left, write_over
from aft.runners.process.scratch import scratch_folder
from aft.runners.python.runner import PythonRunner
from aft.runners.shell.runner import ShellRunner
from aft.runners.terraform.runner import TerraformRunner

CANARY = "Canary=of-a-file-of-aft"


@pytest.fixture(autouse=True)
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of aft's, that a step must not read or change through aft."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    file = tmp_path / "secret"
    file.write_text(CANARY)
    file.chmod(0o640)
    return file


BIND = "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"outputs\")'"
OUTPUTS = {
    "link": ('ln -s {secret} "$AFT_OUTPUTS"', "is a link"),
    "hard link": ('cd "${{AFT_OUTPUTS%/*}}"; echo A=1 > a; ln a outputs', "has more than one name"),
    "link to a pipe": ('mkfifo p; ln -s "$PWD/p" "$AFT_OUTPUTS"', "is a link"),
    "link into nothing": ('ln -s /nowhere "$AFT_OUTPUTS"', "is a link"),
    "pipe": ('mkfifo "$AFT_OUTPUTS"', "is no regular file"),
    "folder": ('mkdir "$AFT_OUTPUTS"', "is no regular file"),
    "device": ('ln -s /dev/zero "$AFT_OUTPUTS"', "is a link"),
    "terminal": ('ln -s /dev/stdin "$AFT_OUTPUTS"', "is a link"),
    "its own descriptor": ('ln -s /proc/self/fd/0 "$AFT_OUTPUTS"', "is a link"),
    "socket": (f'cd "${{{{AFT_OUTPUTS%/*}}}}"; {BIND}', "cannot be used"),
    "endless": ('truncate -s 900G "$AFT_OUTPUTS"', "has 966,367,641,600 bytes; at most"),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_are_a_plain_file(name: str, secret: Path) -> None:
    attack, reason = OUTPUTS[name]
    step = only_step({"10-step.sh": attack.format(secret=secret)})
    with pytest.raises(StepFailed) as failed:
        ShellRunner().run(step, inputs(), OnlyEnvironment())
    assert f"$AFT_OUTPUTS {reason}" in str(failed.value)
    assert CANARY not in str(failed.value)


HELPER = "customizations/accounts/web/api_helpers/post-api-helpers.sh"


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        ('ln -sf {secret} "$0"; mv "$0" "$post"', "is a link"),
        ('rm "$post"; mkfifo "$post"', "is no regular file"),
        ('cd "${{post%/*}}"; ln "$post" other', "has more than one name"),
        ('rm "$post"', "a script before it removed it"),
        (
            'mv "${{post%/*}}" aside; ln -s "$PWD/aside" "${{post%/*}}"',
            "is a link, or reached through one",
        ),
    ],
)
def test_a_helper_is_not_replaced_by_a_file_of_aft(attack: str, reason: str, secret: Path) -> None:
    pre = f'post="${{0/pre-/post-}}"\n{attack.format(secret=secret)}\n'
    step = only_step(
        {
            "api_helpers/pre-api-helpers.sh": f"#!/bin/bash -e\n{pre}",
            "api_helpers/post-api-helpers.sh": "#!/bin/sh\necho ran\n",
        }
    )
    with pytest.raises(StepFailed) as failed:
        ShellRunner().run(step, inputs(), OnlyEnvironment())
    assert reason in str(failed.value)
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == (CANARY, 0o640)


FAKE = """\
#!/bin/sh
case "$1" in version) echo '{"terraform_version": "1.9.0"}';; output) echo '{}';;
plan) exit 2;; show) eval "$SHOW";; esac
"""
FOLDERS = {
    "override file": ('ln -s {secret} "$there/zz_aft_override.tf.json"', ""),
    "override file is a second name": (
        'cd "$there"; echo x > other; ln other "$there/zz_aft_override.tf.json"',
        "",
    ),
    "override file is a folder": ('mkdir "$there/zz_aft_override.tf.json"', "cannot be used"),
    "rendered file": ('ln -s {secret} "$there/main.tf"', "is a link"),
    "rendered file is a pipe": ('mkfifo "$there/main.tf"', "is no regular file"),
    "folder": (
        'mkdir {folder}/outside; rm -r "$there"; ln -s {folder}/outside "$there"',
        "reached through one",
    ),
    "folder above": (
        'up="${{there%/*}}"; mkdir aside; mv "$there" aside; mv "$up" b; ln -s aside "$up"',
        "reached through one",
    ),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_aft_writes_into_the_folder_of_terraform_only(
    name: str, secret: Path, tmp_path: Path
) -> None:
    attack, reason = FOLDERS[name]
    folder = secret.parent / "scratch"
    binary = tmp_path / "terraform"
    binary.write_text(FAKE)
    binary.chmod(0o700)
    there = 'there="$DEFAULT_PATH/$CUSTOMIZATION/terraform"'
    step = only_step(
        {
            "terraform/main.jinja": "# {{ account.id }}\n",
            "api_helpers/pre-api-helpers.sh": (
                f"#!/bin/bash -e\n{there}\n{attack.format(secret=secret, folder=folder)}\n"
            ),
        }
    )
    given = inputs(state=str(tmp_path / "states"), options={"binary": str(binary)})
    with pytest.raises(StepFailed) as failed:
        TerraformRunner().run(step, given, OnlyEnvironment())
    assert (reason or "writes plans that aft cannot read") in str(failed.value)
    assert secret.read_text() == CANARY
    assert list((folder / "outside").rglob("*.json")) == []


@pytest.mark.parametrize(
    "answer",
    ["[]", "7", "{}", '{"outputs": []}', '{"outputs": {"A": 1}}', '{"error": 1}', "[" * 100_000],
)
def test_a_step_that_answers_in_place_of_afts_program(answer: str) -> None:
    body = f"""\
import os
def customize(context):
    for number in range(3, 20):
        try:
            os.write(number, {answer!r}.encode() if len({answer!r}) < 99 else b"[" * 100_000)
        except OSError:
            pass
    os._exit(0)
""".replace("[" * 100_000, "[" * 100)
    step = only_step({"10-step.py": body})
    with pytest.raises(StepFailed, match="before customize"):
        PythonRunner().run(step, inputs(), OnlyEnvironment())


def test_scratch_folders_of_others_are_no_trap(secret: Path) -> None:
    """A pipe in place of a lock would make every later run wait."""
    folder = secret.parent / "scratch"
    for name in ("pipe", "link", "folder"):
        (folder / f"aft-step-{name}").mkdir()
    os.mkfifo(folder / "aft-step-pipe" / "in-use")
    (folder / "aft-step-link" / "in-use").symlink_to(secret)
    (folder / "aft-step-folder" / "in-use").mkdir()
    kept = secret.parent / "kept"
    kept.mkdir()
    (kept / "in-use").touch()
    (folder / "aft-step-elsewhere").symlink_to(kept)
    with scratch_folder():
        pass
    assert (kept / "in-use").exists()
    assert secret.read_text() == CANARY


TREES = {
    "deep": 'python3 -c \'import os\nfor _ in range(3000): os.mkdir("d"); os.chdir("d")\'',
    "no modes": "mkdir -p a/b; touch a/b/c; chmod 0 a/b; chmod 0 a",
    "no write": "mkdir a; ln -s {secret} a/link; chmod 500 a",
    "numbers": "mkdir -p 1/1/1 2/1 3; touch 1/2 1/3 4",
    "links": "ln -s {folder} up; ln -s {secret} file; mkdir d; ln -s .. d/up; ln -s / d/root",
    "itself": 'chmod 0 "${{HOME%/*}}"',
}


@pytest.mark.parametrize("name", TREES)
def test_all_that_a_step_left_is_removed_and_nothing_else(name: str, secret: Path) -> None:
    folder = secret.parent / "scratch"
    script = TREES[name].format(secret=secret, folder=folder)
    step = only_step({"10-step.sh": f'cd "$HOME"\n{script}'})
    result = ShellRunner().run(step, inputs(), OnlyEnvironment())
    assert result.outputs == {}
    assert list(folder.iterdir()) == []
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == (CANARY, 0o640)


# --- the three verbs -----------------------------------------------------------------------------


def test_what_is_plain_is_read_and_written(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    place.parent.mkdir()
    assert read_left(tmp_path, place, most=3) is None
    write_over(tmp_path, place, b"one")
    write_over(tmp_path, place, b"two")
    assert read_left(tmp_path, place, most=3) == b"two"
    assert read_left(tmp_path, tmp_path / "none" / "b", most=3) is None


@pytest.mark.skipif(sys.platform != "linux", reason="a file that is longer than it says: /proc")
def test_the_limit_counts_what_is_read() -> None:
    with pytest.raises(NotPlainError, match="more than 4 bytes"):
        read_left(Path("/proc"), Path("/proc/version"), most=4)


def test_a_root_that_is_a_link_is_refused(tmp_path: Path, secret: Path) -> None:
    root = tmp_path / "root"
    root.symlink_to(secret.parent)
    with pytest.raises(NotPlainError, match="link"):
        read_left(root, root / "secret", most=99)
    with pytest.raises(NotPlainError, match="link"):
        write_over(root, root / "secret", b"")
    remove_left(root)
    assert secret.read_text() == CANARY
