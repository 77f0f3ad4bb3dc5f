"""The flow log of a network, with the log group and the role it needs. See ``network``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aft.errors import Terminal
from aft.sessions import AccountSession
from aft.settings.network.change import Builder
from aft.settings.network.parameters import FlowLogsParameters
from aft.settings.shapes import policies as iam_policies
from aft.settings.shapes.setting import tolerated, unless_gone
from aft.settings.shapes.tags import OWNER_TAG, tag_list
from aft.values.regions import partition_of

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.type_defs import UnsuccessfulItemTypeDef

SERVICE = "vpc-flow-logs.amazonaws.com"
_TRIES = 6
_POLICY = "write-flow-logs"
_EXISTS = (
    *("EntityAlreadyExists", "EntityAlreadyExistsException"),
    *("ResourceAlreadyExistsException", "FlowLogAlreadyExists"),
)


def delete(builder: Builder) -> None:
    """Delete the flow log there is; what it wrote to stays."""
    if found := builder.state.flow_log:
        unless_gone(builder.ec2.delete_flow_logs, FlowLogIds=[found.id])


def make(builder: Builder, *, wanted: FlowLogsParameters) -> None:
    """Make the flow log; one that differs cannot be changed, and is deleted first."""
    delete(builder)
    session, region = builder.session, builder.region
    arguments: dict[str, Any] = {
        "ResourceIds": [builder.vpc],
        "ResourceType": "VPC",
        "TrafficType": wanted.traffic,
        "LogDestinationType": wanted.destination,
        "MaxAggregationInterval": wanted.interval_seconds,
        "TagSpecifications": builder.specification("vpc-flow-log", "flow-log"),
    }
    if wanted.destination == "s3":
        arguments["LogDestination"] = wanted.bucket_arn
    else:
        arguments["LogGroupName"] = wanted.log_group
        role = f"arn:{partition_of(region)}:iam::{session.account_id}:role/{wanted.role}"
        arguments["DeliverLogsPermissionArn"] = role
    _create(builder.ec2, arguments, session, is_role_young=not builder.state.has_role)


def _create(
    ec2: EC2Client, arguments: Mapping[str, Any], session: AccountSession, *, is_role_young: bool
) -> None:
    """AWS answers with a list of what it refused, not with an error; a young role is tried for
    a while."""
    refused: list[UnsuccessfulItemTypeDef] = []
    for _ in range(_TRIES if is_role_young else 1):
        try:
            refused = ec2.create_flow_logs(**arguments).get("Unsuccessful", [])
        except Terminal as error:
            if error.code in _EXISTS:
                return
            if not is_role_young or "InvalidParameter" not in error.code:
                raise
            refused = [{"Error": {"Code": error.code, "Message": error.message}}]
        if not refused:
            return
        session.sleep(5.0)
    problem = refused[0].get("Error", {}) if refused else {}
    raise Terminal(
        f"AWS made no flow log: {problem.get('Message', 'it did not say why')}",
        hint="look at the bucket, the log group or the role that `flow_logs` names",
        code=str(problem.get("Code", "")),
    )


def make_log_group(builder: Builder, *, wanted: FlowLogsParameters) -> None:
    """The log group, with its retention."""
    logs = builder.session.client("logs", builder.region)
    name, days = wanted.log_group, wanted.retention_days
    with tolerated(*_EXISTS):
        logs.create_log_group(logGroupName=name)
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)


def make_role(builder: Builder, *, wanted: FlowLogsParameters) -> None:
    """A role only this account's flow logs may use, to write to this one log group."""
    iam = builder.session.client("iam")
    account, partition = builder.session.account_id, partition_of(builder.region)
    own = {"aws:SourceAccount": account}
    trust = iam_policies.allow_assume({"Service": [SERVICE]}, StringEquals=own)
    group = f"arn:{partition}:logs:*:{account}:log-group:{wanted.log_group}"
    write = {
        "Effect": "Allow",
        "Action": [
            *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups"),
            *("logs:DescribeLogStreams", "logs:PutLogEvents"),
        ],
        "Resource": [group, f"{group}:*"],
    }
    with tolerated(*_EXISTS):
        iam.create_role(
            RoleName=wanted.role,
            AssumeRolePolicyDocument=iam_policies.document([trust]),
            Description="Lets VPC flow logs write to their log group",
            Tags=tag_list({OWNER_TAG: "network"}),
        )
    iam.put_role_policy(
        RoleName=wanted.role, PolicyName=_POLICY, PolicyDocument=iam_policies.document([write])
    )
