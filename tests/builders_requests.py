"""A repository's files in memory, for tests of everything that reads a revision."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from aft.customizations.model import Access, CustomizationStep, StepFile, StepInputs, StepResult
from aft.customizations.render import template_accesses
from aft.desired.cache import ParseCache
from aft.desired.desired import LoadResult, load_desired_state
from aft.errors import NotFound
from aft.files import EntryKind, TreeEntry
from aft.findings.model import Finding
from aft.plugins import SETTINGS_GROUP, load_plugins
from aft.sessions import AccountSession
from aft.values.ids import WORKING_TREE, Revision


class MemoryFiles:
    """``RevisionFiles`` over a mapping of path to text or bytes. Counts what is read."""

    def __init__(
        self,
        files: Mapping[str, str | bytes],
        *,
        kinds: Mapping[str, EntryKind] | None = None,
        odd_paths: Iterable[str] = (),
    ) -> None:
        self._files = {
            path: content.encode() if isinstance(content, str) else content
            for path, content in files.items()
        }
        self._kinds = dict(kinds or {})
        self._odd = frozenset(odd_paths)
        self.reads = 0
        self._entries = tuple(self._entry(path) for path in sorted(self._files))

    @property
    def revision(self) -> Revision:
        return WORKING_TREE

    def entries(self, prefix: str) -> Iterable[TreeEntry]:
        inside = prefix.rstrip("/") + "/"
        for entry in self._entries:
            if not prefix or entry.path == prefix or entry.path.startswith(inside):
                yield entry

    def read(self, entry: TreeEntry) -> bytes:
        self.reads += 1
        try:
            return self._files[entry.path]
        except KeyError as error:
            raise NotFound(entry.path) from error

    def _entry(self, path: str) -> TreeEntry:
        content = self._files[path]
        return TreeEntry(
            path=path,
            blob_id=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            kind=self._kinds.get(path, EntryKind.FILE),
            size=len(content),
            path_is_utf8=path not in self._odd,
        )


class PlainRunner:
    """A customization kind that takes ``.sh`` files and finds nothing wrong with them."""

    kind: ClassVar[str] = "plain"
    effect_version: ClassVar[int] = 1
    suffixes: ClassVar[tuple[str, ...]] = (".sh", ".cfn.yaml")

    def check(self, step: CustomizationStep) -> tuple[Finding, ...]:
        del step
        return ()

    def uses(self, file: StepFile) -> frozenset[str]:
        del file
        return frozenset()

    def reads(self, step: CustomizationStep) -> tuple[Access, ...]:
        text = step.file.content.decode()
        return tuple(replace(item, file=step.file.path) for item in template_accesses(text))

    def declares(self, step: CustomizationStep) -> frozenset[str] | None:
        del step
        return None

    def run(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        raise NotImplementedError


REPOSITORY: Mapping[str, str] = {
    "aft.yaml": "home_region: eu-central-1\ngoverned_regions: [eu-west-1]\n",
    "customizations/organization/organization.yaml": (
        "organizational_units:\n"
        "  - name: Workloads\n"
        "    children:\n"
        "      - name: Prod\n"
        "      - name: Dev\n"
        "  - name: Security\n"
    ),
    "customizations/baselines/production.yaml": "settings:\n  - setting: ebs-default-encryption\n",
    "customizations/accounts/web-service/10-start.sh": "true\n",
    "customizations/accounts/pci/10-start.sh": "true\n",
}
"""The smallest repository in which requests can name everything."""


PROVIDERS = ("organizations",)
"""The account providers that come with aft."""


def request_text(stem: str, **fields: str) -> str:
    """A valid request for ``<stem>.yaml``; ``fields`` are YAML texts, added or replacing."""
    values = {"name": stem, "email": f"aws+{stem}@example.com", "ou": "Workloads/Prod", **fields}
    return "".join(f"{key}: {value}\n" for key, value in values.items())


def load(
    files: Mapping[str, str | bytes], *, cache: ParseCache | None = None, **more: Any
) -> LoadResult:
    """The desired state of ``REPOSITORY`` with ``files`` on top; empty text takes a file away."""
    merged = {path: text for path, text in {**REPOSITORY, **files}.items() if text != ""}
    return load_files(MemoryFiles(merged), cache=cache, **more)


def load_files(files: MemoryFiles, *, cache: ParseCache | None = None, **more: Any) -> LoadResult:
    """The desired state of ``files``."""
    settings = load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name)
    return load_desired_state(
        files,
        settings=settings,
        runners={"plain": PlainRunner()},
        providers=PROVIDERS,
        cache=cache,
        **more,
    )


def lines(result: LoadResult) -> list[str]:
    """``path:line:column code`` of each finding."""
    return [f"{item.source} {item.code}" for item in result.findings]
