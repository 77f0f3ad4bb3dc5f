"""What runners get of this machine and of ``aft.yaml``, next to a step's inputs. Plain values.

None of it is part of a step's digest: another binary or backend does not re-run a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a process per step reads this module, and would wait for pydantic
    from aft.config.model import StateBackend


@dataclass(frozen=True, slots=True, kw_only=True)
class TerraformOptions:
    """``binary`` is a name or path, empty for ``terraform``, else ``tofu``, of the PATH;
    ``version`` a constraint such as ``>= 1.6, < 2``; ``plugin_dir`` a folder of unpacked
    providers to use instead of a registry; ``plugin_cache_dir`` where providers from a registry are
    kept for the next account. Without ``backend`` no Terraform step can run; ``token`` opens the
    workspaces of ``HcpBackend``: Terraform gets it in its environment, and it is masked. At most
    ``in_parallel`` run at a time."""

    binary: str = ""
    version: str = ""
    plugin_dir: str = ""
    plugin_cache_dir: str = ""
    backend: StateBackend | None = None
    token: str = field(default="", repr=False)
    in_parallel: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerOptions:
    """``member_role`` is the name of the role that aft works with in the account. ``render`` is who
    renders templates, with the arguments of ``render_template``; ``None``: this process."""

    member_role: str = "OrganizationAccountAccessRole"
    partition: str = "aws"
    terraform: TerraformOptions = TerraformOptions()
    render: Callable[..., str] | None = field(default=None, repr=False, compare=False)
