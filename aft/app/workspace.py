"""A user's repository: its revisions, its plug-ins, and the desired state read from them."""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aft.account_provider import AccountProvider, AccountProviderPlugin, ManagementAccess
from aft.app import local_paths
from aft.app.trials import Trials
from aft.app.works import CONFINEMENT
from aft.baselines.model import BaselineSetting
from aft.clock import SystemClock
from aft.config.file import config_place, parse_config
from aft.config.model import Config
from aft.confined.answers import Answers
from aft.confined.confinement import Confinement
from aft.confined.documents import ConfinedFiles
from aft.confined.steps import confined_runners
from aft.customizations.model import CustomizationRunner
from aft.desired.cache import ParseCache
from aft.desired.desired import LoadResult, load_desired_state
from aft.desired.model import DesiredState
from aft.engine.effects import Effects
from aft.errors import FindingsError
from aft.files import RevisionFiles
from aft.findings.model import Finding, sorted_findings
from aft.git.repository import Repository, open_repository
from aft.git.revision import CommitFiles
from aft.git.worktree import WorkingTreeFiles
from aft.kinds.registry import effects_of, installed_kinds
from aft.plan.kind import Kinds
from aft.plan.safety import unknown_limits
from aft.plugins import PROVIDERS_GROUP, RUNNERS_GROUP, SETTINGS_GROUP, load_plugins
from aft.values.ids import Revision
from aft.values.words import counted


@contextlib.contextmanager
def collector_paused(*, to_the_end: bool = False) -> Iterator[None]:
    """No cyclic garbage collection meanwhile; also a decorator. Thousands of small objects that all
    live on are looked through again and again otherwise, which makes reading them two to five times
    as expensive. ``to_the_end``: what was read lives until the process ends, and is never looked
    through."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if to_the_end:
            gc.freeze()
        if was_enabled:
            gc.enable()


ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class InvalidRepository(FindingsError):
    """The files of the revision have errors; ``findings`` lists all of them."""

    def __init__(self, findings: tuple[Finding, ...], revision: Revision) -> None:
        errors = sum(finding.is_error for finding in findings)
        said = f"{counted(errors, 'finding')} at {revision}"
        super().__init__(said, hint="fix the files, then run again")
        self.findings = findings


class Workspace:
    """One repository on this machine; ``simulated``: for the sandbox's organization. Holds no
    AWS."""

    def __init__(
        self,
        repository: Repository,
        environ: Mapping[str, str] = os.environ,
        *,
        simulated: bool = False,
        confinement: Confinement = CONFINEMENT,
    ) -> None:
        self.repository = repository
        self.environ = environ
        self.simulated = simulated
        self.confinement = confinement
        self._latest: LoadResult | None = None
        """Kept until the next, because taking apart thousands of requests only to end the
        process costs as much as checking them."""

    @classmethod
    def find(cls, directory: Path, *, simulated: bool = False) -> Workspace:
        """The repository that ``directory`` is in. Raises ``UserError`` when there is none."""
        return cls(open_repository(directory.resolve()), simulated=simulated)

    @property
    def is_rehearsal(self) -> bool:
        """The organization is simulated: the sandbox's, or one that is served on this machine."""
        endpoint = urlsplit(self.environ.get(ENDPOINT_VARIABLE, "")).hostname
        return self.simulated or endpoint in _THIS_MACHINE

    @cached_property
    def settings(self) -> Mapping[str, BaselineSetting[Any, Any]]:
        """Baseline settings by name, from every installed package."""
        return load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name)

    @cached_property
    def runners(self) -> Mapping[str, CustomizationRunner]:
        """Runners of customization steps by kind, from every installed package."""
        installed = load_plugins(RUNNERS_GROUP, lambda plugin: plugin.kind)
        return confined_runners(installed, self._answers)

    @cached_property
    def kinds(self) -> Kinds:
        """The kinds of things aft looks after, those of installed packages included."""
        return installed_kinds()

    def effects(self, management: ManagementAccess) -> Mapping[str, Effects]:
        """What looks after each kind of thing in this organization; makes no call yet."""
        found = effects_of(self.kinds)
        for effects in found.values():
            effects.connect(management)
        return found

    @cached_property
    def providers(self) -> Mapping[str, AccountProviderPlugin]:
        """Account providers by name, from every installed package."""
        return load_plugins(PROVIDERS_GROUP, lambda plugin: plugin.name)

    def provider(self, config: Config, management: ManagementAccess) -> AccountProvider:
        """Who creates the accounts of this organization; makes no call yet."""
        return self.providers[config.provider].connect(management)

    def files(self, revision: str | None) -> RevisionFiles:
        """The files of ``revision``, or of the working tree for ``None``."""
        if revision is None:
            return self.confined(WorkingTreeFiles(self.repository))
        return self.confined(CommitFiles(self.repository, revision))

    def confined(self, files: RevisionFiles) -> ConfinedFiles:
        """``files`` whose content is parsed in the process apart."""
        return files if isinstance(files, ConfinedFiles) else ConfinedFiles(files, self._answers)

    def files_of_others(self, revision: Revision) -> ConfinedFiles:
        """The files of a change that is not ours: the first that hits a limit is the last one."""
        files = CommitFiles(self.repository, revision)
        return ConfinedFiles(files, self._answers, most_ended=1)

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self.confinement, self._kept)

    @cached_property
    def trials(self) -> Trials:
        """For what others wrote that is not in a revision."""
        return Trials(self._answers)

    @cached_property
    def _kept(self) -> ParseCache:
        return _loaded(local_paths.answers_cache(self.repository.path, self.environ))

    def _keep_answers(self) -> None:
        _keep(local_paths.answers_cache(self.repository.path, self.environ), self._kept)

    def load(self, files: RevisionFiles, *, config_from: str | None = None) -> LoadResult:
        """Read the desired state, with everything there is to say against it. The sections of
        ``aft.yaml`` that say as whom and where to are those of revision ``config_from``, if it is
        given. Raises ``InvalidRepository`` when that has none."""
        runners = self.runners  # loaded before the process apart is started
        trusted = None if config_from is None else self.config(self.files(config_from))
        path = local_paths.parse_cache(self.repository.path, self.environ)
        with collector_paused():
            cache = _loaded(path)
            self._answers.start_over()
            loaded = load_desired_state(
                self.confined(files),
                settings=self.settings,
                runners=runners,
                providers=self.providers,
                cache=cache,
                trusted=trusted,
                parts=self.kinds.values(),
                today=SystemClock().now().date(),
                is_real=not self.is_rehearsal,
            )
            _keep(path, cache)
            self._keep_answers()
        wrong = () if loaded.state is None else unknown_limits(loaded.state.config, self.kinds)
        found = [
            Finding(
                code="AFT346",
                source=config_place(files, place),
                message=message,
                hint=hint,
            )
            for place, message, hint in wrong
        ]
        if found:
            findings = sorted_findings((*loaded.findings, *found))
            loaded = LoadResult(state=None, usable=None, findings=findings)
        self._latest = loaded
        return loaded

    def desired(self, files: RevisionFiles, *, config_from: str | None = None) -> DesiredState:
        """The desired state, with what errors hold back set aside. Raises ``InvalidRepository``
        when that is everything."""
        return self.checked(files, config_from=config_from)[0]

    def checked(
        self, files: RevisionFiles, *, config_from: str | None = None
    ) -> tuple[DesiredState, tuple[Finding, ...]]:
        """The desired state, and all findings. Raises as ``desired`` does."""
        result = self.load(files, config_from=config_from)
        if result.usable is None:
            raise InvalidRepository(result.findings, files.revision)
        return result.usable, result.findings

    def config(self, files: RevisionFiles) -> Config:
        """``aft.yaml`` alone, for verbs that need no requests."""
        config, findings = parse_config(files, providers=self.providers)
        self._keep_answers()
        if config is None:
            raise InvalidRepository(findings, files.revision)
        return config


def _loaded(path: Path) -> ParseCache:
    try:
        return ParseCache.loads(path.read_bytes())
    except OSError:
        return ParseCache()  # a cache that cannot be read is an empty one


def _keep(path: Path, cache: ParseCache) -> None:
    if cache.dirty:
        cache.dirty = False
        with contextlib.suppress(OSError):  # it does not matter if it cannot be kept
            _replace(path, cache.dumps())


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
