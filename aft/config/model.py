"""``aft.yaml``: the repository's configuration, with a documented default for every key.

The model is the reference: its field descriptions become ``aft schema config`` and
``docs/reference/configuration.md``. Reading the file, with positions, is ``aft.config.file``'s
business.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aft.config.allowance import Allowance

CONFIG_PATH = "aft.yaml"
REQUESTS_PATH = "account-requests"
CUSTOMIZATIONS_PATH = "customizations"
DEFAULTS_NAME = "_defaults.yaml"

RegionName = Annotated[
    str, Field(pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9]+$", examples=["eu-central-1"])
]
RoleArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")]
RoleName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w+=,.@-]+$")]
PositiveInt = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Roles(_Section):
    """The IAM roles aft assumes."""

    management: RoleArn | None = Field(
        default=None,
        description="ARN of a role to assume for organization-level calls; without it, the "
        "credentials of boto3's own chain are used as they are.",
    )
    member: RoleName = Field(
        default="OrganizationAccountAccessRole",
        description="Name of the role assumed inside member accounts; CreateAccount creates it.",
    )
    reader: RoleName | None = Field(
        default=None,
        description="Name of a role in member accounts that plans and drift runs assume to read. "
        "Without it, or where an account does not have it yet, they assume the member role if they "
        "may, held to reading by AWS's `ReadOnlyAccess` as a session policy.",
    )


class LimitAllowance(_Section):
    """A reviewed line that lifts one safety limit for a while."""

    limit: Annotated[str, Field(min_length=1)] = Field(description="The limit it lifts.")
    up_to: NonNegativeInt = Field(description="The number allowed instead.")
    reason: Annotated[str, Field(min_length=3)] = Field(description="Why; kept in the ledger.")
    until: date = Field(description="Last day on which it holds (UTC).")


class Limits(_Section):
    """Safety limits on one plan; over one of them aft refuses (exit 5) and says so."""

    create: NonNegativeInt = Field(default=50, description="Accounts created in one run.")
    move: NonNegativeInt = Field(default=10, description="Accounts moved in one run.")
    rename: NonNegativeInt = Field(default=10, description="Accounts renamed in one run.")
    forget: NonNegativeInt = Field(default=3, description="Accounts forgotten in one run.")
    delete_ou: NonNegativeInt = Field(default=3, description="OUs deleted in one run.")
    untag: NonNegativeInt = Field(
        default=50, description="Accounts that lose at least one tag in one run."
    )
    destroy: NonNegativeInt = Field(
        default=3,
        description="Accounts in which what a customization made is destroyed in one run.",
    )
    changes: Mapping[str, NonNegativeInt] = Field(
        default={}, description="Limits of kinds that other packages add, by their names."
    )
    accounts: PositiveInt | None = Field(
        default=None,
        description="The organization's account quota, if you know it; more requests than this "
        "are a finding.",
    )
    creations_in_flight: Annotated[int, Field(ge=1, le=5)] = Field(
        default=5, description="Account creations at the same time; AWS allows five."
    )
    accounts_in_parallel: Annotated[int, Field(ge=1, le=64)] = Field(
        default=16, description="Accounts worked on side by side."
    )
    usable_within_seconds: PositiveInt = Field(
        default=600, description="How long a new account may take until its role can be assumed."
    )
    created_within_seconds: PositiveInt = Field(
        default=1800, description="How long a creation may stay in progress."
    )
    allow: tuple[LimitAllowance, ...] = Field(
        default=(), description="Reviewed exceptions to the limits above; `allow` says the same."
    )


class LedgerConfig(_Section):
    """Where every step is written down."""

    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]+$")] = Field(
        default="aft/ledger", description="The git branch that holds the ledger."
    )
    remote: str | None = Field(
        default="origin",
        description="The remote the ledger is pushed to when it exists; null keeps it local.",
    )


class WorkerConfig(_Section):
    """How ``aft worker`` watches."""

    remote: str = Field(default="origin", description="The remote to watch.")
    branch: str = Field(default="main", description="The branch whose tip is the desired state.")
    interval_seconds: PositiveInt = Field(default=60, description="Seconds between two looks.")
    jitter_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        default=10, description="Each interval is lengthened by up to this much, at random."
    )
    reconcile_every_seconds: PositiveInt = Field(
        default=3600, description="Reconcile at least this often, even when nothing was pushed."
    )
    retry_first_seconds: PositiveInt = Field(
        default=60, description="Wait before a failed account is tried again; doubles each time."
    )
    retry_most_seconds: PositiveInt = Field(
        default=3600, description="The longest wait between two tries of a failed account."
    )


class NetworkPool(_Section):
    """A range of addresses that networks of accounts are cut from."""

    cidr: Annotated[str, Field(examples=["10.64.0.0/10"])] = Field(
        description="The pool's range; pools must not overlap."
    )
    reserved: tuple[str, ...] = Field(
        default=(), description="Ranges inside the pool that are never handed out."
    )
    description: str = Field(default="", description="What the pool is for.")


PoolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")]


class NetworksConfig(_Section):
    """Addresses of the networks that the baseline setting `network` makes."""

    pools: Mapping[PoolName, NetworkPool] = Field(
        default={}, description="Pools by name; a baseline's `network` names one of them."
    )
    reserved: tuple[str, ...] = Field(
        default=(),
        description="Ranges in use elsewhere, such as offices and data centres: no account's "
        "network may overlap them, and none is allocated there.",
    )
    pools_only: bool = Field(
        default=False,
        description="When true, a range that a request or baseline gives must lie in a pool.",
    )


class LocalBackend(_Section):
    """Terraform states as files of the machine aft runs on."""

    directory: Annotated[str, Field(pattern=r"^(/|~/).+", examples=["/var/lib/aft/terraform"])] = (
        Field(
            description="An absolute folder that outlives the run and is backed up: without its "
            "state Terraform makes everything again."
        )
    )


class S3Backend(_Section):
    """Terraform states in a bucket, each under AFT's key."""

    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] = Field(
        description="The bucket. Its policy must let each account reach its own keys, "
        "`<account id>-aft-*`: Terraform has no credentials but the account's."
    )
    region: RegionName = Field(description="The bucket's region.")
    key_prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9._-]+/)*$")] = Field(
        default="", description="Put before AFT's keys; ends with `/`."
    )
    kms_key_id: str = Field(default="", description="ARN of the key that encrypts the states.")
    dynamodb_table: str = Field(
        default="", description="The table AFT locks states with, if it is still to be used."
    )
    lock_file: bool = Field(
        default=True, description="Lock states by a file beside them (Terraform 1.10 and later)."
    )
    role_arn: str = Field(
        default="",
        description="A role for the state alone, which the accounts' roles must be allowed to "
        "assume.",
    )


class HcpBackend(_Section):
    """Terraform states in HCP Terraform or Terraform Enterprise, one workspace each. The
    workspaces' execution mode must be `local`, so that credentials stay where aft runs."""

    organization: Annotated[str, Field(min_length=1)] = Field(description="Its name.")
    hostname: Annotated[str, Field(pattern=r"^[a-z0-9.-]+$")] = Field(
        default="app.terraform.io", description="Another one for Terraform Enterprise."
    )
    project: str = Field(default="", description="The project new workspaces belong to.")
    token_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = Field(
        default="TF_TOKEN_app_terraform_io",
        description="The variable of aft's own environment that holds the token.",
    )


class TerraformBackend(_Section):
    """Where Terraform keeps its states: one of the three."""

    local: LocalBackend | None = Field(default=None, description="Files of this machine.")
    s3: S3Backend | None = Field(default=None, description="A bucket.")
    hcp: HcpBackend | None = Field(default=None, description="HCP Terraform.")

    @model_validator(mode="after")
    def _one_of_three(self) -> TerraformBackend:
        if sum(item is not None for item in (self.local, self.s3, self.hcp)) != 1:
            raise ValueError("expected exactly one of local, s3 and hcp")
        return self


class TerraformConfig(_Section):
    """How Terraform folders of customizations are run."""

    binary: str = Field(
        default="",
        description="Name or path of the tool; without it `terraform`, else `tofu`, is looked for "
        "in the PATH. The variable AFT_TERRAFORM_BINARY overrides it.",
    )
    version: Annotated[
        str,
        Field(
            pattern=r"^( *(>=|<=|!=|~>|>|<|=)? *v?[0-9]+(\.[0-9]+){0,2} *)"
            r"(, *(>=|<=|!=|~>|>|<|=)? *v?[0-9]+(\.[0-9]+){0,2} *)*$|^$",
            examples=[">= 1.6, < 2"],
        ),
    ] = Field(default="", description="The versions of it that may be used.")
    plugin_dir: str = Field(
        default="",
        description="A folder of unpacked providers to use instead of a registry. The variable "
        "AFT_TERRAFORM_PLUGIN_DIR overrides it.",
    )
    in_parallel: Annotated[int, Field(ge=1, le=64)] = Field(
        default=4,
        description="How many run at the same time; each may take half a gigabyte of memory.",
    )
    backend: TerraformBackend | None = Field(
        default=None,
        description="Where states are kept. There is no default: a lost state makes everything "
        "again.",
    )


class ReportConfig(_Section):
    """What plans, findings and outcomes show."""

    mask: tuple[Literal["emails", "account-ids"], ...] = Field(
        default=(),
        description="What is masked in everything people see of `validate`, `plan` and `apply`: "
        "comments, job summaries, annotations and logs. For repositories that anybody can read.",
    )


TeamName = Annotated[
    str,
    Field(
        pattern=r"^@[A-Za-z0-9](-?[A-Za-z0-9])*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$",
        examples=["@example/payments"],
    ),
]


class GithubConfig(_Section):
    """How the repository works on GitHub. Nothing here is needed elsewhere."""

    teams: Mapping[Annotated[str, Field(min_length=1)], TeamName] = Field(
        default={},
        description="GitHub's name (`@org/team`, or `@login`) of each `owner.team` in requests; "
        "for CODEOWNERS.",
    )
    platform_team: TeamName | None = Field(
        default=None,
        description="Who owns everything that no other team owns: aft.yaml, customizations, "
        "workflows.",
    )
    require_signatures: bool = Field(
        default=False,
        description="When true, `aft github signatures` finds fault with commits of a pull "
        "request whose signature GitHub has not verified.",
    )


class PolicyLimits(_Section):
    """AWS's limits on one type of policy, where they are no longer those aft knows."""

    characters: PositiveInt | None = Field(
        default=None, description="Characters of a policy's text."
    )
    attached: PositiveInt | None = Field(
        default=None, description="Policies of the type attached to one root, OU or account."
    )
    policies: PositiveInt | None = Field(
        default=None, description="Policies of the type in the organization."
    )


class PoliciesConfig(_Section):
    """The organization's policies."""

    limits: Mapping[
        Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", examples=["SERVICE_CONTROL_POLICY"])],
        PolicyLimits,
    ] = Field(
        default={},
        description="Limits that AWS has changed since your aft was made, by AWS's name of the "
        "policy type.",
    )

    @property
    def changed_limits(self) -> Mapping[str, Mapping[str, int]]:
        """The numbers that are set, by type and name."""
        return {
            name: {key: value for key, value in limits.model_dump().items() if value is not None}
            for name, limits in self.limits.items()
        }


class Config(_Section):
    """``aft.yaml``. Every key is optional but ``home_region``."""

    version: Literal[1] = Field(default=1, description="Version of this format.")
    provider: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        default="organizations",
        description="Who creates accounts: an installed account provider. `organizations`, which "
        "comes with aft, is AWS Organizations' CreateAccount.",
    )
    home_region: RegionName = Field(description="Where regional things live once, such as SSM.")
    governed_regions: tuple[RegionName, ...] = Field(
        default=(),
        description="The regions baselines govern; the home region is always one of them.",
    )
    roles: Roles = Field(default=Roles())
    limits: Limits = Field(default=Limits())
    ledger: LedgerConfig = Field(default=LedgerConfig())
    worker: WorkerConfig = Field(default=WorkerConfig())
    terraform: TerraformConfig = Field(default=TerraformConfig())
    networks: NetworksConfig = Field(default=NetworksConfig())
    policies: PoliciesConfig = Field(default=PoliciesConfig())
    github: GithubConfig = Field(default=GithubConfig())
    report: ReportConfig = Field(default=ReportConfig())
    allow: tuple[Allowance, ...] = Field(
        default=(), description="Reviewed exceptions, each for a while."
    )

    @property
    def effective_limits(self) -> Limits:
        """The limits with all their exceptions: those of ``allow``, too."""
        more = (
            LimitAllowance(limit=it.what, up_to=it.up_to, reason=it.reason, until=it.until)
            for it in self.allow
            if it.up_to is not None
        )
        return self.limits.model_copy(update={"allow": (*self.limits.allow, *more)})

    @property
    def regions(self) -> tuple[str, ...]:
        """Governed regions, the home region first, without repeats."""
        return tuple(dict.fromkeys((self.home_region, *self.governed_regions)))
