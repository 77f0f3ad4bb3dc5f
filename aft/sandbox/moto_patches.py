"""Everything we change in moto's core, in one place, and how to take its state away.

Importing this module sets the environment that moto reads when it is imported. The contract
test ``test_moto_touch_points`` fails when a new moto moves what is patched here. What is done
to single services is ``aft.sandbox.services``'.
"""

from __future__ import annotations

import functools
import os

os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # else 3.6 MiB per account and region
os.environ.pop("MOTO_ACCOUNT_ID", None)  # it would override every caller's account

from moto.core import responses
from moto.core.base_backend import BackendDict, BaseBackend, backend_lock
from moto.moto_api._internal import mock_random
from moto.organizations.models import organizations_backends

from aft.sandbox import keys, moto_sessions
from aft.sandbox.organizations_view import OrganizationsView
from aft.sandbox.services import install_all

_installed = False


def install() -> None:
    """Patch moto once per process."""
    global _installed  # noqa: PLW0603 - moto is global, and so is having patched it
    if _installed:
        return
    _installed = True
    moto_sessions.install()
    # moto looks through the class of every answer for its methods, at every call.
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    install_all()
    keys.install()
    organizations_backends.backend = OrganizationsView


def reset(seed: int) -> None:
    """Drop every moto backend and make moto's ids begin again from ``seed``.

    Only those are emptied first that hold files or the like: moto itself would make all of them
    anew, with a default VPC in every region, and then drop them.
    """
    with backend_lock:
        registries = BackendDict._instances  # noqa: SLF001 - moto has no public list
        for registry in registries:
            for account in registry.values():
                for backend in account.values():
                    if type(backend).reset is not BaseBackend.reset:
                        backend.reset()
            registry.clear()
        registries.clear()
    keys.KEYS.clear()
    mock_random.seed(seed)
