"""Run a module's ``install()`` in the moment another module has been imported.

A finder on ``sys.meta_path`` that finds nothing itself: it lets the normal machinery find the
watched modules and adds one step after their code has run. Knows no service.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from types import ModuleType

from aft.sandbox.moto_sessions import while_importing


class _ThenInstall(Loader):
    """The module's own loader, then what was promised."""

    def __init__(self, loader: Loader, watch: _Watch) -> None:
        self._loader = loader
        self._watch = watch

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        with while_importing():
            self._loader.exec_module(module)
        self._watch.loaded(module.__name__)


class _Watch(MetaPathFinder):
    """``pairs`` maps the watched module to the one whose ``install`` is to run.

    Whichever of the two is imported first, ``install`` runs once both are complete.
    """

    def __init__(self) -> None:
        self.pairs: dict[str, str] = {}
        self._looking: set[str] = set()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - importlib's signature
        target: ModuleType | None = None,  # noqa: ARG002 - importlib's signature
    ) -> importlib.machinery.ModuleSpec | None:
        watched = fullname in self.pairs or fullname in self.pairs.values()
        if not watched or fullname in self._looking:
            return None
        self._looking.add(fullname)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._looking.discard(fullname)
        if spec is None or spec.loader is None:
            return None
        spec.loader = _ThenInstall(spec.loader, self)
        return spec

    def loaded(self, name: str) -> None:
        installer = self.pairs.get(name)
        if installer is None:
            sys.modules[name].install()
        elif installer not in sys.modules:  # else it is being imported and will come here itself
            importlib.import_module(installer)


_WATCH = _Watch()


def install_with(watched: str, installer: str) -> None:
    """Call ``installer.install()`` as soon as ``watched`` has been imported (now, if it is)."""
    if _WATCH not in sys.meta_path:
        sys.meta_path.insert(0, _WATCH)
    _WATCH.pairs[watched] = installer
    if watched in sys.modules:
        importlib.import_module(installer).install()
