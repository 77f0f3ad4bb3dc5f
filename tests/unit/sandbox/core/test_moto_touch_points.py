"""What the sandbox takes for granted in moto; a new moto that moves any of it fails here."""

from __future__ import annotations

import importlib
import inspect
import io
import pickle
import sys

import pytest
from builders_sandbox import assumed, create, shared_client
from moto.core.responses import BaseResponse
from moto.iam.models import iam_backends

from aft.sandbox import Sandbox
from aft.sandbox.snapshot import _Pickler, _registry, _registry_names


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("moto.core.base_backend", ["BackendDict._instances", "BaseBackend.reset", "backend_lock"]),
        ("moto.core.base_backend", ["AccountSpecificBackend.__getitem__", "Session"]),
        ("moto.backend_index", ["backend_url_patterns"]),
        ("moto.backends", ["get_backend"]),
        ("moto.core.base_backend", ["BackendDict", "BaseBackend.urls"]),
        ("moto.core.parse", ["PROTOCOL_PARSERS", "RequestParserError"]),
        ("moto.core.request", ["Request.from_primitives", "determine_request_protocol"]),
        ("moto.core.request", ["normalize_request"]),
        ("moto.core.responses", ["method_names_from_class"]),
        ("moto.core.routing", ["get_service_router"]),
        ("moto.core.serialize", ["get_serializer_class"]),
        ("moto.core.utils", ["get_equivalent_url_in_aws_domain", "get_service_model"]),
        ("moto.iam.models", ["get_account_id_from", "iam_backends"]),
        ("moto.iam.models", ["IAMBackend.create_access_key", "IAMBackend.create_temp_access_key"]),
        ("moto.iam.models", ["IAMBackend.get_user_from_access_key_id"]),
        ("moto.moto_api._internal", ["mock_random.seed", "mock_random.getstate"]),
        ("moto.organizations.models", ["OrganizationsBackend._reset", "organizations_backends"]),
        ("moto.organizations.urls", ["url_paths"]),
    ],
)
def test_the_names_are_there(module, names):
    for dotted in names:
        found = importlib.import_module(module)
        for part in dotted.split("."):
            found = getattr(found, part)


def test_moto_takes_the_account_from_our_header():
    assert "x-moto-account-id" in inspect.getsource(BaseResponse.get_current_account)


def test_default_images_are_not_loaded(sandbox, client):
    assert client("ec2").describe_images(Owners=["amazon"])["Images"] == []


def test_moto_never_searches_for_the_owner_of_a_key(sandbox, org):
    account_id = create(org, "one")
    assumed(sandbox, account_id, "ssm").describe_parameters()
    assert set(iam_backends) <= {account_id, sandbox.management_account_id}


def test_other_services_of_moto_see_our_organization(sandbox, org, client):
    root = org.list_roots()["Roots"][0]["Id"]
    unit = org.create_organizational_unit(ParentId=root, Name="U")["OrganizationalUnit"]["Id"]
    account_id = create(org, "one")
    org.move_account(AccountId=account_id, SourceParentId=root, DestinationParentId=unit)
    cloudformation = client("cloudformation")
    cloudformation.create_stack_set(
        StackSetName="everyone",
        TemplateBody='{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}',
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": False},
    )
    cloudformation.create_stack_instances(
        StackSetName="everyone",
        DeploymentTargets={"OrganizationalUnitIds": [unit]},
        Regions=["eu-central-1"],
    )
    instances = cloudformation.list_stack_instances(StackSetName="everyone")["Summaries"]
    assert [item["Account"] for item in instances] == [account_id]
    arn = org.describe_organization()["Organization"]["Arn"]
    ram = client("ram")
    ram.enable_sharing_with_aws_organization()
    shared = ram.create_resource_share(name="all", principals=[arn])["resourceShare"]
    assert shared["status"] == "ACTIVE"


def test_every_registry_has_a_name_of_its_own():
    names = _registry_names()
    assert len(set(names.values())) == len(names)
    for identity, name in names.items():
        assert id(_registry(name)) == identity


SERVICES = [
    ("acm", "list_certificates", {}),
    ("cloudtrail", "describe_trails", {}),
    ("cloudwatch", "list_metrics", {}),
    ("config", "describe_configuration_recorders", {}),
    ("dynamodb", "list_tables", {}),
    ("ec2", "describe_vpcs", {}),
    ("events", "list_rules", {}),
    ("identitystore", "list_groups", {"IdentityStoreId": "d-1234567890"}),
    ("kms", "list_aliases", {}),
    ("lambda", "list_functions", {}),
    ("logs", "describe_log_groups", {}),
    ("route53", "list_hosted_zones", {}),
    ("s3", "list_buckets", {}),
    ("secretsmanager", "list_secrets", {}),
    ("sns", "list_topics", {}),
    ("sqs", "list_queues", {}),
    ("sso-admin", "list_instances", {}),
    ("ssm", "describe_parameters", {}),
    ("stepfunctions", "list_state_machines", {}),
]


def test_the_backends_of_these_services_can_be_saved_and_loaded(tmp_path):
    path = tmp_path / "org"
    with Sandbox.open(path) as sandbox:
        for service, operation, params in SERVICES:
            filled = {
                key: value.format(account=sandbox.management_account_id)
                for key, value in params.items()
            }
            getattr(shared_client(sandbox, service), operation)(**filled)
        shared_client(sandbox, "lambda")
        made = [record for record in sandbox.log if record.error_code]
    assert made == []
    with Sandbox.open(path) as sandbox:
        assert shared_client(sandbox, "ec2").describe_vpcs()["Vpcs"]


def test_functions_made_in_functions_can_be_saved():
    stream = io.BytesIO()
    offset = 3
    _Pickler(stream, {}).dump(lambda value, factor=2: value * factor + offset)
    restored = pickle.loads(stream.getvalue())  # noqa: S301 - made three lines above
    assert restored(4) == 11
    assert sys.modules[restored.__module__]
