"""``aft.yaml``: the repository's configuration, with a documented default for every key.

The model is the reference: its field descriptions become ``aft schema config`` and
``docs/reference/configuration.md``. Reading the file, with positions, is ``aft.config.file``'s
business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from aft.config.allowance import Allowance, LimitAllowance
from aft.config.grants_section import CustomizationGrant
from aft.config.ledger_section import LedgerConfig
from aft.config.notifications_section import NotificationsConfig
from aft.config.section import Section

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


class Roles(Section):
    """The IAM roles aft assumes."""

    management: RoleArn | None = Field(
        default=None,
        description="ARN of the role to assume for organization-level calls. Without it, the "
        "credentials from boto3's credential chain are used directly.",
    )
    member: RoleName = Field(
        default="OrganizationAccountAccessRole",
        description="Name of the role to assume in member accounts. CreateAccount creates it.",
    )
    writer: RoleName | None = Field(
        default=None,
        description="Name of a narrower role that applies assume instead of `member`, in accounts "
        "where that works. A customization creates it.",
    )
    made_elsewhere: tuple[RoleName, ...] = Field(
        default=(),
        description="Those of these roles that something outside this repository creates, such as "
        "a StackSet. Without it, `writer` without a file that creates the role is an error.",
    )
    reader: RoleName | None = Field(
        default=None,
        description="Name of the role in member accounts that plans and drift runs assume to "
        "read. Without it, or if an account does not have it yet, they assume the "
        "member role if they can, restricted by AWS's `ReadOnlyAccess` as a session "
        "policy.",
    )
    preview: RoleName | None = Field(
        default=None,
        description="Name of the role in member accounts that `aft plan --terraform` gives to "
        "Terraform: read-only, but allowed to read more than `reader`. Without it, or if an "
        "account does not have it yet, Terraform gets the member role restricted by AWS's "
        "`ReadOnlyAccess` if aft can assume it, and otherwise `reader`.",
    )


class Limits(Section):
    """Safety limits for one plan. aft refuses a plan that exceeds one of them (exit code 5)."""

    create: NonNegativeInt = Field(default=50, description="Accounts created in one run.")
    move: NonNegativeInt = Field(default=10, description="Accounts moved in one run.")
    rename: NonNegativeInt = Field(default=10, description="Accounts renamed in one run.")
    forget: NonNegativeInt = Field(default=3, description="Accounts forgotten in one run.")
    delete_ou: NonNegativeInt = Field(default=3, description="OUs deleted in one run.")
    untag: NonNegativeInt = Field(default=50, description="Accounts that lose a tag in one run.")
    destroy: NonNegativeInt = Field(
        default=3,
        description="Accounts in which resources of a customization are destroyed in one run.",
    )
    changes: Mapping[str, NonNegativeInt] = Field(
        default={}, description="Limits of kinds from other packages, by name."
    )
    accounts: PositiveInt | None = Field(
        default=None,
        description="The organization's account quota. More requests than this are a finding.",
    )
    creations_in_flight: Annotated[int, Field(ge=1, le=5)] = Field(
        default=5, description="Account creations in progress at the same time; AWS allows five."
    )
    accounts_in_parallel: Annotated[int, Field(ge=1, le=64)] = Field(
        default=16, description="Accounts worked on in parallel."
    )
    usable_within_seconds: PositiveInt = Field(
        default=600, description="Maximum time until the role of a new account can be assumed."
    )
    created_within_seconds: PositiveInt = Field(
        default=1800, description="Maximum time that one run waits for a creation in progress."
    )
    allow: tuple[LimitAllowance, ...] = Field(
        default=(),
        description="Renamed: reviewed exceptions are in `allow`, next to `limits`.",
        json_schema_extra={"deprecated": True},
    )


class WorkerConfig(Section):
    """How ``aft worker`` watches a branch."""

    remote: str = Field(default="origin", description="The remote to watch.")
    branch: str = Field(default="main", description="The branch whose tip is the desired state.")
    review: Literal["forge", "branch"] = Field(
        default="forge",
        description="What counts as reviewed: `forge`, what GitHub has recorded of merged pull "
        "requests; `branch`, everything on the branch (merging is the review).",
    )
    interval_seconds: PositiveInt = Field(default=60, description="Seconds between two polls.")
    jitter_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        default=10,
        description="Each interval is extended by a random amount up to this percentage.",
    )
    reconcile_every_seconds: PositiveInt = Field(
        default=3600, description="Reconcile at least this often, even if nothing was pushed."
    )
    retry_first_seconds: PositiveInt = Field(
        default=60,
        description="Wait before the first retry of a failed account; it doubles each time.",
    )
    retry_most_seconds: PositiveInt = Field(
        default=3600, description="Maximum wait between two retries of a failed account."
    )


class NetworkPool(Section):
    """An address range from which networks of accounts are allocated."""

    cidr: Annotated[str, Field(examples=["10.64.0.0/10"])] = Field(
        description="The pool's range; pools must not overlap."
    )
    reserved: tuple[str, ...] = Field(
        default=(), description="Ranges inside the pool that are never allocated."
    )
    description: str = Field(default="", description="What the pool is for.")


PoolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")]


class NetworksConfig(Section):
    """Address ranges for the networks that the baseline setting `network` creates."""

    pools: Mapping[PoolName, NetworkPool] = Field(
        default={}, description="Pools by name; a baseline's `network` names one of them."
    )
    reserved: tuple[str, ...] = Field(
        default=(),
        description="Ranges in use elsewhere, such as offices and data centers: no account's "
        "network may overlap them, and none is allocated there.",
    )
    pools_only: bool = Field(
        default=False,
        description="If true, a range set in a request or baseline must be in a pool.",
    )


class LocalBackend(Section):
    """Terraform state in files on the machine that runs aft."""

    directory: Annotated[str, Field(pattern=r"^(/|~/).+", examples=["/var/lib/aft/terraform"])] = (
        Field(
            description="An absolute path of a folder that is kept between runs and backed up: "
            "without its state, Terraform creates everything again."
        )
    )


class S3Backend(Section):
    """Terraform state in an S3 bucket, with AFT's keys."""

    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] = Field(
        description="The bucket. Its policy must give each account access to its own keys, "
        "`<account id>-aft-*`, because Terraform has only the account's credentials."
    )
    region: RegionName = Field(description="The bucket's region.")
    key_prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9._-]+/)*$")] = Field(
        default="", description="Prefix for AFT's keys; ends with `/`."
    )
    kms_key_id: str = Field(default="", description="ARN of the KMS key that encrypts the state.")
    dynamodb_table: str = Field(
        default="", description="AFT's lock table, if you want to keep using it."
    )
    lock_file: bool = Field(
        default=True,
        description="Lock the state with a file next to it (Terraform 1.10 and later).",
    )
    role_arn: str = Field(
        default="",
        description="A role used only for the state. The accounts' roles must be allowed to "
        "assume it.",
    )


class HcpBackend(Section):
    """Terraform state in HCP Terraform or Terraform Enterprise, one workspace each. The workspaces'
    execution mode must be `local`, so that credentials stay on the machine that runs aft."""

    organization: Annotated[str, Field(min_length=1)] = Field(
        description="The name of the organization."
    )
    hostname: Annotated[str, Field(pattern=r"^[a-z0-9.-]+$")] = Field(
        default="app.terraform.io", description="The host name; set it for Terraform Enterprise."
    )
    project: str = Field(default="", description="The project for new workspaces.")
    token_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = Field(
        default="TF_TOKEN_app_terraform_io",
        description="The environment variable of aft that contains the token.",
    )


StateBackend = LocalBackend | S3Backend | HcpBackend


class TerraformBackend(Section):
    """The backend for Terraform's state: one of the three."""

    local: LocalBackend | None = Field(default=None, description="Files on this machine.")
    s3: S3Backend | None = Field(default=None, description="An S3 bucket.")
    hcp: HcpBackend | None = Field(default=None, description="HCP Terraform.")

    @model_validator(mode="after")
    def _one_of_three(self) -> TerraformBackend:
        if sum(item is not None for item in (self.local, self.s3, self.hcp)) != 1:
            raise ValueError("expected exactly one of local, s3 and hcp")
        return self


class TerraformConfig(Section):
    """How Terraform folders of customizations are run."""

    binary: str = Field(
        default="",
        description="Name or path of the tool. Without it, `terraform` or else `tofu` from the "
        "PATH is used. The variable AFT_TERRAFORM_BINARY overrides it.",
    )
    version: Annotated[
        str,
        Field(
            pattern=r"^( *(>=|<=|!=|~>|>|<|=)? *v?[0-9]+(\.[0-9]+){0,2} *)"
            r"(, *(>=|<=|!=|~>|>|<|=)? *v?[0-9]+(\.[0-9]+){0,2} *)*$|^$",
            examples=[">= 1.6, < 2"],
        ),
    ] = Field(default="", description="The allowed versions of the tool.")
    plugin_dir: str = Field(
        default="",
        description="A folder with unpacked providers, used instead of a registry. The variable "
        "AFT_TERRAFORM_PLUGIN_DIR overrides it.",
    )
    in_parallel: Annotated[int, Field(ge=1, le=64)] = Field(
        default=4,
        description="Maximum number of parallel runs; each may use half a gigabyte of memory.",
    )
    backend: TerraformBackend | None = Field(
        default=None,
        description="The backend for state. There is no default, because Terraform creates "
        "everything again if its state is lost.",
    )


class ReportConfig(Section):
    """What plans, findings and outcomes show."""

    mask: tuple[Literal["emails", "account-ids"], ...] = Field(
        default=(),
        description="What to mask in the output of `validate`, `plan` and `apply` for people: "
        "comments, job summaries, annotations and logs. For public repositories.",
    )


TeamName = Annotated[
    str,
    Field(
        pattern=r"^@[A-Za-z0-9](-?[A-Za-z0-9])*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$",
        examples=["@example/payments"],
    ),
]


class GithubConfig(Section):
    """Settings for GitHub. Not needed elsewhere."""

    teams: Mapping[Annotated[str, Field(min_length=1)], TeamName] = Field(
        default={},
        description="The GitHub team (`@org/team`) or user (`@login`) of each `owner.team` in "
        "requests, for CODEOWNERS.",
    )
    platform_team: TeamName | None = Field(
        default=None,
        description="The owner of everything that no other team owns: aft.yaml, customizations, "
        "workflows.",
    )
    require_signatures: bool = Field(
        default=False,
        description="If true, `aft github signatures` reports commits of a pull request whose "
        "signature GitHub has not verified.",
    )


class PolicyLimits(Section):
    """AWS's limits for one policy type, if they differ from those built into aft."""

    characters: PositiveInt | None = Field(
        default=None, description="Maximum characters in a policy."
    )
    attached: PositiveInt | None = Field(
        default=None,
        description="Maximum policies of the type attached to one root, OU or account.",
    )
    policies: PositiveInt | None = Field(
        default=None, description="Maximum policies of the type in the organization."
    )


class PoliciesConfig(Section):
    """Settings for the organization's policies."""

    limits: Mapping[
        Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", examples=["SERVICE_CONTROL_POLICY"])],
        PolicyLimits,
    ] = Field(
        default={},
        description="Limits that AWS has changed since your version of aft, by AWS's name of "
        "the policy type.",
    )

    @property
    def changed_limits(self) -> Mapping[str, Mapping[str, int]]:
        """The numbers that are set, by type and name."""
        return {
            name: {key: value for key, value in limits.model_dump().items() if value is not None}
            for name, limits in self.limits.items()
        }


class Config(Section):
    """``aft.yaml``. Every key is optional but ``home_region``."""

    version: Literal[1] = Field(default=1, description="The version of this format.")
    provider: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        default="organizations",
        description="The installed account provider that creates accounts. The built-in one, "
        "`organizations`, uses CreateAccount of AWS Organizations.",
    )
    home_region: RegionName = Field(
        description="The region for regional resources that exist "
        "once per account, such as SSM parameters."
    )
    governed_regions: tuple[RegionName, ...] = Field(
        default=(),
        description="The regions that baselines apply to; the home region is always included.",
    )
    roles: Roles = Field(default=Roles())
    limits: Limits = Field(default=Limits())
    ledger: LedgerConfig = Field(default=LedgerConfig())
    worker: WorkerConfig = Field(default=WorkerConfig())
    terraform: TerraformConfig = Field(default=TerraformConfig())
    networks: NetworksConfig = Field(default=NetworksConfig())
    policies: PoliciesConfig = Field(default=PoliciesConfig())
    github: GithubConfig = Field(default=GithubConfig())
    notifications: NotificationsConfig = Field(default=NotificationsConfig())
    report: ReportConfig = Field(default=ReportConfig())
    grants: Mapping[Annotated[str, Field(min_length=1)], CustomizationGrant] = Field(
        default={},
        description="What customizations get that their customization.yaml declares a need for, "
        "by the customization's name. A pull request is planned with the grants of its base.",
    )
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
