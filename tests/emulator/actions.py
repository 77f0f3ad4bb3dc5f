"""What stands for the actions our workflows use. Others are refused, and so are unpinned ones."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import aws
from .values import text

if TYPE_CHECKING:
    from .job import JobRun

Outputs = Mapping[str, str]


class Refused(Exception):
    """The step fails; the text is for the log."""


def known(uses: str) -> Callable[[JobRun, Mapping[str, str]], Outputs]:
    """What stands for ``owner/name@sha``. Raises ``Refused``."""
    name, _, version = uses.partition("@")
    if name not in _ACTIONS:
        raise Refused(f"nothing here stands for {name}")
    if not re.fullmatch(r"[0-9a-f]{40}", version):
        raise Refused(f"{name} is not pinned to a commit")
    inputs, act = _ACTIONS[name]

    def checked(job: JobRun, given: Mapping[str, Any]) -> Outputs:
        if odd := given.keys() - inputs:
            raise Refused(f"{name} has no input {', '.join(sorted(odd))}")
        return act(job, {key: text(value) for key, value in given.items()})

    return checked


def _checkout(job: JobRun, given: Mapping[str, str]) -> Outputs:
    """The repository at the run's commit, with the job's token, as git says it."""
    token = given.get("token") or job.token
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    header = f"AUTHORIZATION: basic {basic}"
    job.log.mask(basic)
    where = job.workspace / given.get("path", "")
    where.mkdir(parents=True, exist_ok=True)
    ref = given.get("ref") or job.event.ref
    commit = "" if given.get("ref") else job.event.sha
    url = f"{job.hub.server_url}/{job.hub.github.state.repository}"
    branch = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""
    tracking = f"refs/remotes/origin/{branch}" if branch else f"refs/remotes/{ref[5:]}"
    depth = given.get("fetch-depth", "1")
    wanted = ["+refs/heads/*:refs/remotes/origin/*"] if depth == "0" else [f"--depth={depth}"]
    if depth != "0" or not branch:
        wanted.append(f"+{commit or ref}:{tracking}")
    _git(job, where, "init", "--quiet", "--initial-branch=main")
    _git(job, where, "remote", "add", "origin", url)
    extra = f"http.{job.hub.server_url}/.extraheader"
    _git(job, where, "-c", f"{extra}={header}", "fetch", "--quiet", "--no-tags", "origin", *wanted)
    start = commit or tracking
    place = ["-B", branch, start] if branch else ["--detach", start]
    _git(job, where, "checkout", "--quiet", "--force", *place)
    if given.get("persist-credentials", "true") != "false":
        _git(job, where, "config", "--local", extra, header)
    return {"commit": _git(job, where, "rev-parse", "HEAD"), "ref": ref}


def _git(job: JobRun, where: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=where,
        env=job.environ({}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Refused(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def _setup_python(job: JobRun, given: Mapping[str, str]) -> Outputs:
    job.path.insert(0, str(job.hub.toolchain.python))
    return {"python-version": given.get("python-version", "")}


def _configure_aws(job: JobRun, given: Mapping[str, str]) -> Outputs:
    """Exchange the job's identity for a role, which the (simulated) STS grants or does not."""
    if job.permissions.get("id-token") != "write":
        raise Refused("Credentials could not be loaded: no id-token permission")
    if job.hub.aws is None:
        raise Refused("no AWS is simulated in this test")
    try:
        keys = job.hub.aws.assume(given["role-to-assume"], subject=job.subject, ref=job.event.ref)
    except aws.NotAllowed as error:
        raise Refused(f"Could not assume role with OIDC: {error}") from error
    job.log.mask(keys["AWS_SECRET_ACCESS_KEY"])
    job.log.mask(keys["AWS_SESSION_TOKEN"])
    region = given["aws-region"]
    job.env.update(keys, AWS_REGION=region, AWS_DEFAULT_REGION=region)
    return {}


def _setup_terraform(job: JobRun, given: Mapping[str, str]) -> Outputs:
    """Noted, not installed. Its wrapper would put words of its own into what aft reads."""
    if given.get("terraform_wrapper", "true") != "false":
        raise Refused("the wrapper changes Terraform's output")
    job.hub.terraforms.append(given["terraform_version"])
    return {}


_BAD_NAME = re.compile(r'["<>|*?:\r\n\\/]')


def _upload(job: JobRun, given: Mapping[str, str]) -> Outputs:
    name = given.get("name", "artifact")
    if _BAD_NAME.search(name):
        raise Refused(f"The artifact name is not valid: {name}")
    root = job.workspace / given["path"]
    if root.is_dir():
        files = {
            str(file.relative_to(root)): file.read_bytes()
            for file in sorted(root.rglob("*"))
            if file.is_file()
        }
    else:
        files = {root.name: root.read_bytes()} if root.is_file() else {}
    if not files:
        match given.get("if-no-files-found", "warn"):
            case "error":
                raise Refused(f"No files were found with the provided path: {root}")
            case _:
                return {}
    artifact = job.hub.github.add_artifact(job.record, name, files)
    job.uploaded[name] = files
    return {"artifact-id": str(artifact.id)}


def _download(job: JobRun, given: Mapping[str, str]) -> Outputs:
    """Artifacts of this very run."""
    found = job.artifacts.get(given["name"])
    if found is None:
        raise Refused(f"Artifact not found for name: {given['name']}")
    root = job.workspace / given.get("path", "")
    for member, content in found.items():
        file = root / member
        assert file.resolve().is_relative_to(root.resolve()), member
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return {"download-path": str(root)}


def _cache(job: JobRun, given: Mapping[str, str]) -> Outputs:
    """Restores at once what an earlier job with this key kept; keeps it at the job's end."""
    outputs = _restore(job, given)
    if outputs["cache-hit"] != "true":
        job.to_keep[given["key"]] = _folders(job, given)
    return outputs


def _restore(job: JobRun, given: Mapping[str, str]) -> Outputs:
    """By the key, else the newest whose key begins with one of ``restore-keys``."""
    caches, key = job.hub.caches, given["key"]
    prefixes = given.get("restore-keys", "").split()
    near = (name for prefix in prefixes for name in reversed(caches) if name.startswith(prefix))
    found = key if key in caches else next(near, None)
    if found is not None:
        for number, folder in enumerate(_folders(job, given)):
            kept = caches[found] / str(number)
            if kept.is_dir():
                shutil.copytree(kept, folder, dirs_exist_ok=True)
    return {"cache-hit": text(found == key)}


def _save(job: JobRun, given: Mapping[str, str]) -> Outputs:
    if given["key"] not in job.hub.caches:  # a key is written once
        job.keep(given["key"], _folders(job, given))
    return {}


def _folders(job: JobRun, given: Mapping[str, str]) -> list[Path]:
    home = str(job.folder / "home")
    return [Path(line.strip().replace("~", home, 1)) for line in given["path"].splitlines()]


_ACTIONS: Mapping[str, tuple[frozenset[str], Callable[..., Outputs]]] = {
    "actions/checkout": (
        frozenset({"ref", "path", "token", "fetch-depth", "persist-credentials"}),
        _checkout,
    ),
    "actions/setup-python": (frozenset({"python-version"}), _setup_python),
    "hashicorp/setup-terraform": (
        frozenset({"terraform_version", "terraform_wrapper"}),
        _setup_terraform,
    ),
    "actions/cache": (frozenset({"path", "key", "restore-keys"}), _cache),
    "actions/cache/restore": (frozenset({"path", "key", "restore-keys"}), _restore),
    "actions/cache/save": (frozenset({"path", "key"}), _save),
    "actions/upload-artifact": (
        frozenset({"name", "path", "if-no-files-found", "retention-days"}),
        _upload,
    ),
    "actions/download-artifact": (frozenset({"name", "path"}), _download),
    "aws-actions/configure-aws-credentials": (
        frozenset({"role-to-assume", "aws-region", "role-session-name"}),
        _configure_aws,
    ),
}
