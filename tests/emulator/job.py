"""One job on a runner of its own: a fresh folder, a token, an environment, steps in order."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from github_server import Run

from . import functions, steps
from .document import Job
from .evaluate import Scope
from .events import Event
from .log import Annotation, Log

if TYPE_CHECKING:
    from .hub import Hub


@dataclass(kw_only=True)
class JobResult:
    """What is left of a job. ``result`` is success, failure, cancelled or skipped."""

    id: str
    result: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    log: Log = field(default_factory=Log)
    summary: str = ""
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    permissions: Mapping[str, str] = field(default_factory=dict)
    environment: str = ""
    timeout_minutes: float = 360
    uploaded: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)

    @property
    def annotations(self) -> list[Annotation]:
        return self.log.annotations


class JobRun:
    """The state of a job while it runs; actions and steps work on it."""

    def __init__(
        self,
        hub: Hub,
        job: Job,
        event: Event,
        *,
        record: Run,
        folder: Path,
        contexts: Mapping[str, Any],
        permissions: Mapping[str, str],
        environment: str,
        artifacts: Mapping[str, Mapping[str, bytes]],
    ) -> None:
        self.hub, self.job, self.event, self.record = hub, job, event, record
        self.folder = folder
        self.permissions = permissions
        self.environment = environment
        self.artifacts = artifacts
        self.uploaded: dict[str, Mapping[str, bytes]] = {}
        self.to_keep: dict[str, list[Path]] = {}
        self.log = Log()
        self.token = hub.github.token(
            {name: level for name, level in permissions.items() if name != "id-token"}
        )
        self.path: list[str] = []
        self.env: dict[str, str] = {}
        self.summary = ""
        self.failed = False
        self.workspace = folder / "work"
        self.temp = folder / "temp"
        for made in (self.workspace, self.temp, folder / "home"):
            made.mkdir(parents=True)
        self._contexts = contexts
        for secret in (self.token, *contexts["secrets"].values()):
            self.log.mask(secret)
        event_file = self.temp / "event.json"
        event_file.write_text(json.dumps(event.payload))
        self.github = {
            **contexts["github"],
            "token": self.token,
            "job": job.id,
            "workspace": str(self.workspace),
            "event_path": str(event_file),
        }

    @property
    def subject(self) -> str:
        """Whom the job's OIDC token names, after the repository."""
        return f"environment:{self.environment}" if self.environment else self.event.subject

    def own_repository(self) -> Path:
        """What ``uses: $/…`` refers to: the commit the workflow file is from, in a folder of the
        runner's own."""
        folder = self.folder / "actions"
        if not folder.exists():
            folder.mkdir()
            archive = folder.with_suffix(".tar")
            self.hub.github.git.git("archive", f"--output={archive}", self.event.source)
            shutil.unpack_archive(archive, folder, filter="data")
        return folder

    def execute(self) -> JobResult:
        """Every step, then the outputs."""
        scope = self.scope({})
        self.env.update({name: scope.text(value) for name, value in self.job.env.items()})
        results = steps.run_all(self, self.job.steps, default_shell=self.job.shell)
        scope = self.scope({"steps": results})
        outputs = {name: scope.text(value) for name, value in self.job.outputs.items()}
        shown = {name: text for name, text in outputs.items() if self.log.masked(text) == text}
        for key, folders in self.to_keep.items():
            self.keep(key, folders)
        timeout = scope.filled(self.job.timeout_minutes)
        return JobResult(
            id=self.job.id,
            result="cancelled"
            if self.hub.is_cancelled
            else "failure"
            if self.failed
            else "success",
            outputs=shown,
            log=self.log,
            summary=self.summary,
            steps=results,
            permissions=self.permissions,
            environment=self.environment,
            timeout_minutes=float(timeout or 360),
            uploaded=self.uploaded,
        )

    def keep(self, key: str, folders: list[Path]) -> None:
        """Put folders into the repository's cache."""
        kept = self.folder / f"kept-{len(self.hub.caches)}"
        for number, folder in enumerate(folders):
            if folder.is_dir():
                shutil.copytree(folder, kept / str(number))
        if kept.is_dir():
            self.hub.caches[key] = kept

    def scope(self, more: Mapping[str, Any], *, action_path: str = "") -> Scope:
        """What expressions of a step see."""
        status = {
            "success": not self.failed and not self.hub.is_cancelled,
            "failure": self.failed and not self.hub.is_cancelled,
            "always": True,
            "cancelled": self.hub.is_cancelled,
        }
        contexts = {
            **self._contexts,
            "github": {**self.github, **({"action_path": action_path} if action_path else {})},
            "env": dict(self.env),
            "job": {"status": "failure" if self.failed else "success"},
            "steps": {},
            "runner": {"os": "Linux", "arch": "X64", "temp": str(self.temp), "name": "emulated"},
            **more,
        }
        return Scope(contexts, status, {"hashFiles": functions.hash_files(self.workspace)})

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        """The variables of a process. Nothing of this machine's own is among them."""
        base = dict(self.hub.toolchain.environ)
        github = {
            f"GITHUB_{name.upper()}": str(self.github[name])
            for name in (
                "actor", "api_url", "base_ref", "event_name", "event_path", "head_ref", "job",
                "ref", "ref_name", "repository", "repository_owner", "run_attempt", "run_id",
                "run_number", "server_url", "sha", "workflow", "workspace",
            )
        }  # fmt: skip
        if self.hub.aws is not None:
            base["AWS_ENDPOINT_URL"] = self.hub.aws.endpoint  # where AWS is; no key to it
        if self.permissions.get("id-token") == "write":
            base["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{self.hub.server_url}/oidc"
        return {
            **base,
            **github,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "HOME": str(self.folder / "home"),
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temp),
            **self.env,
            **more,
            "PATH": ":".join([*self.path, base["PATH"]]),
        }
