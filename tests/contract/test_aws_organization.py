"""The AWS adapters against the simulated organization: what is there is what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders_reconcile import application
from builders_sandbox import STILL

from aft.account_provider import CreationRefused
from aft.aws.adapters import AwsEdge, connect
from aft.config.model import Config, Roles
from aft.errors import Conflict, Denied, NotFound, Terminal, Throttled, UnknownOutcome
from aft.kinds.account.effects import AccountEffects
from aft.organization.model import REQUEST_TAG, AccountState
from aft.plan.draft import Look, Unread
from aft.plan.model import ORGANIZATION
from aft.providers.organizations.provider import OrganizationsProvider
from aft.sandbox.faults import Rule, error, lost_reply, throttle
from aft.sandbox.sandbox import Sandbox
from aft.sandbox.seed import AccountSpec
from aft.values.ids import AccountId, OrgUnitId, OrgUnitPath, RequestId
from aft.values.refs import ACCOUNT, Ref

NOTHING_DENIED = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:NoSuch","Resource":"*"}]}'
)

CONFIG = Config(home_region="eu-central-1")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(None, wall=STILL) as opened:
        yield opened


@pytest.fixture
def edge(sandbox: Sandbox) -> AwsEdge:
    return onto(sandbox)


def onto(sandbox: Sandbox, config: Config = CONFIG) -> AwsEdge:
    return connect(config, clock=sandbox.clock, botocore_session=sandbox.botocore_session())


def root_of(edge: AwsEdge) -> OrgUnitId:
    return edge.reader.read().root_id


def seed(sandbox: Sandbox, *specs: AccountSpec) -> list[AccountId]:
    return [AccountId(account_id) for account_id in sandbox.seed_accounts(specs)]


def spec(name: str, ou: str = "", **tags: str) -> AccountSpec:
    named = {key.replace("_", ":"): value for key, value in tags.items()}
    return AccountSpec(name=name, email=f"aws+{name}@example.com", ou=ou, tags=named)


# --- reading --------------------------------------------------------------------------------


def test_policies_that_may_be_read_in_part_are_not_told(sandbox: Sandbox, edge: AwsEdge) -> None:
    """Half of what a move leaves and gains would be wrong."""
    (prod,) = seed(sandbox, spec("prod", "Workloads/Prod"))
    snapshot = edge.reader.read()
    places = [unit.id for unit in snapshot.units]
    looks = [
        Look(ref=Ref(ACCOUNT, place), target=ORGANIZATION, account_id=prod, subject=frozenset())
        for place in places
    ]
    effects = AccountEffects()
    effects.connect(edge.management)
    seen = effects.look(looks, edge.members, in_parallel=2)
    assert {key for _, key in seen} == set(places)
    sandbox.faults.add(
        Rule("organizations", "ListPoliciesForTarget", error("AccessDeniedException"), times=1)
    )
    unread = effects.look(looks, edge.members, in_parallel=2)
    assert {key for _, key in unread} == set(places)
    for item in unread.values():
        assert isinstance(item, Unread)
        assert "organizations:ListPoliciesForTarget" in item.why


def test_common_places_are_asked_only_for_the_policies_that_are_apart(
    sandbox: Sandbox, edge: AwsEdge
) -> None:
    (prod,) = seed(sandbox, spec("prod", "Workloads/Prod"), spec("dev", "Sandbox"))[:1]
    units = {str(unit.path): unit.id for unit in edge.reader.read().units}
    client = sandbox.botocore_session().create_client("organizations", region_name="us-east-1")
    common = frozenset({units["/"], units["Workloads"], str(prod)})
    looks = [
        Look(ref=Ref(ACCOUNT, units[path]), target=ORGANIZATION, account_id=prod, subject=common)
        for path in ("Workloads/Prod", "Sandbox")
    ]
    effects = AccountEffects()
    effects.connect(edge.management)

    def looked() -> tuple[dict[str, list[str]], list[str]]:
        before = sandbox.calls
        seen = effects.look(looks, edge.members, in_parallel=2)
        names = {key: [item.name for item in found] for (_, key), found in seen.items() if found}
        return names, [record.operation for record in sandbox.log[before:]]

    assert looked() == ({}, ["ListRoots", *["ListPoliciesForTarget"] * 2])
    for name, paths in {"both": ("Sandbox", "Workloads"), "root": ("/",)}.items():
        made = client.create_policy(
            Name=name, Description="", Type="SERVICE_CONTROL_POLICY", Content=NOTHING_DENIED
        )
        for path in paths:
            client.attach_policy(
                PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=units[path]
            )
    names, calls = looked()
    assert names == {units["Sandbox"]: ["both"], units["Workloads"]: ["both"]}
    assert calls == ["ListRoots", *["ListPoliciesForTarget"] * 2, "ListTargetsForPolicy"]


def test_the_snapshot_is_the_organization(sandbox: Sandbox, edge: AwsEdge) -> None:
    prod, dev, lone = seed(
        sandbox,
        spec("prod", "Workloads/Prod", aft_request="prod", team="pay"),
        spec("dev", "Workloads/Dev"),
        spec("lone"),
    )
    snapshot = edge.reader.read()
    paths = {str(unit.path): unit for unit in snapshot.units}
    assert set(paths) == {"/", "Workloads", "Workloads/Prod", "Workloads/Dev"}
    assert paths["/"].id == snapshot.root_id
    assert paths["/"].parent_id is None
    assert paths["Workloads/Prod"].parent_id == paths["Workloads"].id
    accounts = snapshot.account_by_id
    assert set(accounts) == {prod, dev, lone, AccountId(sandbox.management_account_id)}
    assert accounts[prod].ou == OrgUnitPath(("Workloads", "Prod"))
    assert accounts[prod].parent_id == paths["Workloads/Prod"].id
    assert accounts[prod].tags == {REQUEST_TAG: "prod", "team": "pay"}
    assert accounts[prod].email == "aws+prod@example.com"
    assert accounts[prod].name == "prod"
    assert accounts[prod].state is AccountState.ACTIVE
    assert accounts[dev].tags == {}
    assert accounts[lone].parent_id == snapshot.root_id
    assert snapshot.organization_id == sandbox.organization_id
    assert snapshot.management_account_id == sandbox.management_account_id
    assert snapshot.scope is None
    assert [unit.id for unit in snapshot.units] == sorted(unit.id for unit in snapshot.units)
    assert [item.id for item in snapshot.accounts] == sorted(item.id for item in snapshot.accounts)
    assert snapshot.calls == sandbox.calls


def test_reading_twice_gives_the_same_digest_and_a_move_shows_in_it(
    sandbox: Sandbox, edge: AwsEdge
) -> None:
    (account,) = seed(sandbox, spec("prod", "Workloads/Prod", team="pay"))
    first, second = edge.reader.read(), edge.reader.read()
    assert first.digest == second.digest
    source = first.account_by_id[account].parent_id
    edge.writer.move_account(account, source=source, destination=first.root_id)
    moved = edge.reader.read()
    assert moved.digest != first.digest
    changed = {key for key, value in moved.fingerprints.items() if first.fingerprints[key] != value}
    assert changed == {f"account/{account}"}


def test_our_policies_and_their_targets_are_read_and_awss_own_left_out(
    sandbox: Sandbox, edge: AwsEdge
) -> None:
    (account,) = seed(sandbox, spec("prod", "Workloads"))
    client = sandbox.botocore_session().create_client("organizations", region_name="us-east-1")
    unit_id = edge.reader.read().unit_by_path[OrgUnitPath(("Workloads",))].id
    made = client.create_policy(
        Name="deny-leave",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content='{"Version":"2012-10-17","Statement":[{"Effect":"Deny",'
        '"Action":"organizations:LeaveOrganization","Resource":"*"}]}',
    )["Policy"]["PolicySummary"]["Id"]
    client.attach_policy(PolicyId=made, TargetId=unit_id)
    client.attach_policy(PolicyId=made, TargetId=account)
    (policy,) = edge.reader.read().policies
    assert (policy.id, policy.name, policy.type) == (made, "deny-leave", "SERVICE_CONTROL_POLICY")
    assert policy.targets == tuple(sorted((unit_id, account)))


def test_a_thousand_accounts_cost_no_call_each(sandbox: Sandbox, edge: AwsEdge) -> None:
    seed(
        sandbox,
        *(
            AccountSpec(
                name=f"a{number}",
                email=f"aws+a{number}@example.com",
                ou=f"Area{number % 8}/Team{number % 40}",
                tags={REQUEST_TAG: f"a{number}"},
            )
            for number in range(1000)
        ),
    )
    sandbox.configure(account_quota=2000)
    snapshot = edge.reader.read()
    assert len(snapshot.accounts) == 1001
    assert len(snapshot.units) == 49
    assert all(
        account.tags == {REQUEST_TAG: account.name}
        for account in snapshot.accounts
        if account.id != snapshot.management_account_id
    )
    assert sandbox.calls == snapshot.calls <= 250
    sent = {record.operation for record in sandbox.log}
    assert not sent & {"ListTagsForResource", "ListParents", "DescribeAccount", "AssumeRole"}


def test_tags_that_the_bulk_answer_does_not_show_yet_are_read_one_by_one(
    sandbox: Sandbox, edge: AwsEdge
) -> None:
    sandbox.configure(tagging_lag_seconds=600.0)
    old, new = seed(sandbox, spec("old", team="a"), spec("new", team="a"))
    other = onto(sandbox)  # another process: it has seen none of our writes
    edge.writer.tag_account(new, [("team", "b")])
    assert other.reader.read().account_by_id[new].tags == {"team": "a"}  # the lag is real
    assert other.reader.read(fresh_tags_for=[new]).account_by_id[new].tags == {"team": "b"}
    assert edge.reader.read().account_by_id[new].tags == {"team": "b"}
    assert edge.reader.read().account_by_id[old].tags == {"team": "a"}


def test_when_nobody_seems_tagged_every_account_is_asked(sandbox: Sandbox) -> None:
    sandbox.configure(tagging_lag_seconds=600.0)
    (account,) = seed(sandbox, spec("first"))
    onto(sandbox).writer.tag_account(account, [("team", "a")])
    assert onto(sandbox).reader.read().account_by_id[account].tags == {"team": "a"}


def test_an_ou_that_vanishes_while_reading_starts_the_read_again(
    sandbox: Sandbox, edge: AwsEdge
) -> None:
    seed(sandbox, spec("prod", "Workloads"))
    sandbox.faults.add(
        Rule("organizations", "ListAccountsForParent", error("ParentNotFoundException"), times=1)
    )
    assert len(edge.reader.read().accounts) == 2
    sandbox.faults.add(
        Rule("organizations", "ListAccountsForParent", error("ParentNotFoundException"))
    )
    with pytest.raises(Conflict, match="keeps changing"):
        edge.reader.read()


def test_a_closed_account_shows_its_state(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("old"))
    close(sandbox, account)
    assert edge.reader.read().account_by_id[account].state in (
        AccountState.PENDING_CLOSURE,
        AccountState.SUSPENDED,
    )


# --- scoped reading -------------------------------------------------------------------------


def test_a_scoped_read_holds_only_what_was_asked_for(sandbox: Sandbox, edge: AwsEdge) -> None:
    prod, dev, _ = seed(
        sandbox,
        spec("prod", "Workloads/Prod", aft_request="prod"),
        spec("dev", "Workloads/Dev", aft_request="dev"),
        spec("other", "Other/Deep/Deeper", aft_request="other"),
    )
    whole = edge.reader.read()
    scoped = edge.reader.read_scoped(
        account_ids=[prod],
        request_ids=[RequestId("dev")],
        unit_paths=["Workloads/Prod", "Workloads/Missing"],
    )
    assert set(scoped.account_by_id) == {prod, dev}
    for account in scoped.accounts:
        assert account == whole.account_by_id[account.id]
    assert {str(unit.path) for unit in scoped.units} == {
        "/",
        "Workloads",
        "Workloads/Prod",
        "Workloads/Dev",
    }
    for unit in scoped.units:
        assert unit == whole.unit_by_id[unit.id]
    assert scoped.scope is not None
    assert f"account/{prod}" in scoped.scope


def test_one_changed_account_costs_at_most_ten_calls_in_an_organization_of_any_size(
    sandbox: Sandbox, edge: AwsEdge
) -> None:
    accounts = seed(
        sandbox,
        *(
            spec(f"a{number}", f"Area{number % 8}/Team{number % 16}", aft_request=f"a{number}")
            for number in range(300)
        ),
    )
    stays = edge.reader.read_scoped(
        account_ids=[accounts[0]], request_ids=[RequestId("a0")], unit_paths=["Area0/Team0"]
    )
    assert stays.calls == sandbox.calls <= 8
    before = sandbox.calls
    moves = edge.reader.read_scoped(
        account_ids=[accounts[0]], request_ids=[RequestId("a0")], unit_paths=["Area1/Team1"]
    )
    assert moves.calls == sandbox.calls - before <= 10
    assert OrgUnitPath(("Area0", "Team0")) in moves.unit_by_path
    assert OrgUnitPath(("Area1", "Team1")) in moves.unit_by_path


def test_ous_with_a_common_way_share_its_calls(sandbox: Sandbox, edge: AwsEdge) -> None:
    seed(sandbox, *(spec(f"a{number}", f"Area/Team{number}") for number in range(5)))
    paths = [f"Area/Team{number}" for number in range(5)]
    scoped = edge.reader.read_scoped(account_ids=[], request_ids=[], unit_paths=paths)
    assert len(scoped.units) == 7
    assert scoped.calls == 4  # organization, root, and the children of two OUs


def test_accounts_and_ous_that_do_not_exist_are_not_in_a_scoped_snapshot(
    edge: AwsEdge,
) -> None:
    scoped = edge.reader.read_scoped(
        account_ids=[AccountId("999999999999")],
        request_ids=[RequestId("nobody")],
        unit_paths=["No/Where", "ou-abcd-12345678"],
    )
    assert scoped.accounts == ()
    assert [unit.id for unit in scoped.units] == [scoped.root_id]


def test_a_scoped_read_takes_ou_ids_too(sandbox: Sandbox, edge: AwsEdge) -> None:
    seed(sandbox, spec("prod", "Workloads/Prod"))
    unit_id = edge.reader.read().unit_by_path[OrgUnitPath(("Workloads", "Prod"))].id
    scoped = edge.reader.read_scoped(account_ids=[], request_ids=[], unit_paths=[unit_id])
    assert {str(unit.path) for unit in scoped.units} == {"/", "Workloads", "Workloads/Prod"}


# --- looking up -----------------------------------------------------------------------------


def test_lookup_reads_one_account_fresh(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("prod", "Workloads/Prod", aft_request="prod"))
    assert edge.lookup.account(account) == edge.reader.read().account_by_id[account]
    before = sandbox.calls
    edge.lookup.account(account)
    assert sandbox.calls - before == 3
    with pytest.raises(NotFound):
        edge.lookup.account(AccountId("999999999999"))


def test_lookup_follows_a_renamed_ou(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("prod", "Workloads/Prod"))
    unit_id = edge.lookup.account(account).parent_id
    edge.writer.rename_unit(unit_id, "Live")
    assert edge.lookup.account(account).ou == OrgUnitPath(("Workloads", "Live"))


def test_lookup_by_email_ignores_case(sandbox: Sandbox, edge: AwsEdge) -> None:
    accounts = seed(sandbox, *(spec(f"A{number}") for number in range(45)))
    found = edge.lookup.account_by_email("AWS+a44@Example.com")
    assert found is not None
    assert found.id == accounts[44]
    assert edge.lookup.account_by_email("nobody@example.com") is None


# --- creating: what all providers keep is in test_account_providers ---------------------------


def provider_of(edge: AwsEdge) -> OrganizationsProvider:
    return OrganizationsProvider(edge.management)


def test_a_created_account_is_in_the_root(edge: AwsEdge) -> None:
    begun = provider_of(edge).begin(application("prod"))
    done = provider_of(edge).look(begun.id)
    assert done.account_id is not None
    assert edge.reader.read().account_by_id[done.account_id].ou.is_root


def test_a_taken_email_fails_the_creation_with_awss_reason(sandbox: Sandbox, edge: AwsEdge) -> None:
    seed(sandbox, spec("prod"))
    provider = provider_of(edge)
    failed = provider.look(provider.begin(application("prod")).id)
    assert failed.failure is not None
    assert failed.failure.reason == "EMAIL_ALREADY_EXISTS"


def test_the_sixth_creation_at_a_time_is_throttled(sandbox: Sandbox, edge: AwsEdge) -> None:
    sandbox.configure(creation_seconds=(60.0, 60.0))
    provider = provider_of(edge)
    for number in range(5):
        provider.begin(application(f"a{number}"))
    with pytest.raises(Throttled):
        provider.begin(application("sixth"))


def test_a_full_organization_is_terminal_and_says_what_to_ask_for(
    sandbox: Sandbox, edge: AwsEdge
) -> None:
    sandbox.configure(account_quota=1)
    with pytest.raises(CreationRefused, match="ACCOUNT_NUMBER_LIMIT_EXCEEDED") as caught:
        provider_of(edge).begin(application("prod"))
    assert "quota" in caught.value.hint
    assert (caught.value.failure.account_exists, caught.value.failure.tries) == (False, 0)


def test_a_lost_reply_is_an_unknown_outcome_of_one_call(sandbox: Sandbox, edge: AwsEdge) -> None:
    sandbox.faults.add(Rule("organizations", "CreateAccount", lost_reply()))
    with pytest.raises(UnknownOutcome):
        provider_of(edge).begin(application("prod"))
    assert [record.operation for record in sandbox.log].count("CreateAccount") == 1


# --- writing --------------------------------------------------------------------------------


def test_units_are_created_once_renamed_and_deleted(edge: AwsEdge) -> None:
    root = root_of(edge)
    unit_id = edge.writer.create_unit(parent_id=root, name="Workloads")
    assert edge.writer.create_unit(parent_id=root, name="Workloads") == unit_id
    edge.writer.rename_unit(unit_id, "Products")
    edge.writer.rename_unit(unit_id, "Products")
    assert {str(unit.path) for unit in edge.reader.read().units} == {"/", "Products"}
    edge.writer.delete_unit(unit_id)
    edge.writer.delete_unit(unit_id)
    assert [unit.id for unit in edge.reader.read().units] == [root]


def test_a_unit_is_tagged_from_birth_and_that_of_another_maker_is_a_conflict(
    sandbox: Sandbox, edge: AwsEdge
) -> None:
    root, tags = root_of(edge), {"aft:ou": "Workloads"}
    sandbox.faults.add(Rule("organizations", "CreateOrganizationalUnit", lost_reply(), times=1))
    unit_id = edge.writer.create_unit(parent_id=root, name="Workloads", tags=tags)
    assert edge.writer.create_unit(parent_id=root, name="Workloads", tags=tags) == unit_id
    edge.writer.tag_unit(unit_id, {"aft:ou": "Products", "more": "1"})
    with pytest.raises(Conflict, match="aft has not made it"):
        edge.writer.create_unit(parent_id=root, name="Workloads", tags=tags)
    assert len(edge.reader.read().units) == 2


def test_a_name_that_another_ou_has_is_a_conflict(edge: AwsEdge) -> None:
    root = root_of(edge)
    edge.writer.create_unit(parent_id=root, name="One")
    two = edge.writer.create_unit(parent_id=root, name="Two")
    with pytest.raises(Conflict, match="another OU"):
        edge.writer.rename_unit(two, "One")


def test_an_ou_that_is_not_empty_is_not_deleted(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("prod", "Workloads"))
    unit_id = edge.lookup.account(account).parent_id
    with pytest.raises(Terminal, match="not empty"):
        edge.writer.delete_unit(unit_id)
    assert edge.lookup.account(account).parent_id == unit_id


def test_a_unit_whose_creation_reply_was_lost_is_found_again(
    sandbox: Sandbox, edge: AwsEdge
) -> None:
    root = root_of(edge)
    sandbox.faults.add(Rule("organizations", "CreateOrganizationalUnit", lost_reply(), times=1))
    unit_id = edge.writer.create_unit(parent_id=root, name="Workloads")
    units = edge.reader.read().unit_by_path
    assert units[OrgUnitPath(("Workloads",))].id == unit_id
    assert len(units) == 2


def test_moving_is_idempotent_and_says_where_the_account_went(
    sandbox: Sandbox, edge: AwsEdge
) -> None:
    (account,) = seed(sandbox, spec("prod"))
    root = root_of(edge)
    one, two, three = (
        edge.writer.create_unit(parent_id=root, name=name) for name in ("One", "Two", "Three")
    )
    edge.writer.move_account(account, source=root, destination=one)
    edge.writer.move_account(account, source=root, destination=one)
    edge.writer.move_account(account, source=one, destination=one)
    assert edge.lookup.account(account).parent_id == one
    with pytest.raises(Conflict, match=one):
        edge.writer.move_account(account, source=two, destination=three)
    with pytest.raises(Conflict, match=one):
        edge.writer.move_account(account, source=two, destination=two)
    with pytest.raises(NotFound):
        edge.writer.move_account(account, source=one, destination=OrgUnitId("ou-abcd-12345678"))
    assert edge.lookup.account(account).parent_id == one


def test_a_move_whose_reply_was_lost_is_settled_by_looking(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("prod"))
    root = root_of(edge)
    one = edge.writer.create_unit(parent_id=root, name="One")
    sandbox.faults.add(Rule("organizations", "MoveAccount", lost_reply(), times=1))
    edge.writer.move_account(account, source=root, destination=one)
    assert edge.lookup.account(account).parent_id == one


def test_races_and_throttles_do_not_show(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("prod"))
    sandbox.faults.add(
        Rule("organizations", "TagResource", error("ConcurrentModificationException"), times=2)
    )
    sandbox.faults.add(Rule("organizations", "ListTagsForResource", throttle(), times=1))
    edge.writer.tag_account(account, [("team", "pay"), ("stage", "prod")])
    assert edge.lookup.account(account).tags == {"stage": "prod", "team": "pay"}


def test_tags_come_and_go(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("prod", team="old", keep="me"))
    edge.writer.tag_account(account, [("team", "new")])
    edge.writer.untag_account(account, ["keep", "never-there"])
    edge.writer.tag_account(account, [])
    edge.writer.untag_account(account, [])
    assert edge.lookup.account(account).tags == {"team": "new"}


def test_accounts_are_renamed_the_management_account_too(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("prod"))
    own = AccountId(sandbox.management_account_id)
    edge.writer.rename_account(account, "production")
    edge.writer.rename_account(own, "payer")
    names = {item.id: item.name for item in edge.reader.read().accounts}
    assert names == {account: "production", own: "payer"}


def test_the_writes_of_a_step_are_named(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("prod"))
    with edge.calls.recording() as writes:
        edge.lookup.account(account)
        edge.writer.tag_account(account, [("team", "pay")])
    (write,) = writes
    request_id = next(
        record.request_id for record in sandbox.log if record.operation == "TagResource"
    )
    assert write == f"organizations:TagResource:{request_id}"
    assert edge.calls.calls == sandbox.calls


# --- inside member accounts -----------------------------------------------------------------


def close(sandbox: Sandbox, account: AccountId) -> None:
    client = sandbox.botocore_session().create_client("organizations", region_name="us-east-1")
    client.close_account(AccountId=account)


def test_a_session_works_in_its_account_and_no_other(sandbox: Sandbox, edge: AwsEdge) -> None:
    one, two = seed(sandbox, spec("one"), spec("two"))
    for account in (one, two):
        session = edge.members.session(account)
        assert session.account_id == account
        assert session.home_region == "eu-central-1"
        session.client("ssm").put_parameter(Name="/who", Value=str(account), Type="String")
        assert session.client("sts").get_caller_identity()["Account"] == account
    for account in (one, two):
        ssm = edge.members.session(account).client("ssm")
        assert ssm.get_parameter(Name="/who")["Parameter"]["Value"] == account
        with pytest.raises(NotFound):
            ssm.get_parameter(Name="/not-there")


def test_member_credentials_are_renewed_before_they_expire(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("one"))
    ssm = edge.members.session(account).client("ssm")
    ssm.put_parameter(Name="/a", Value="1", Type="String")
    sandbox.clock.sleep(3 * 3600)
    assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "1"
    refused = [record for record in sandbox.log if record.error_code]
    assert refused == []


def test_an_account_becomes_usable_when_its_role_does(sandbox: Sandbox, edge: AwsEdge) -> None:
    sandbox.configure(role_usable_seconds=20.0)
    provider = provider_of(edge)
    account = provider.look(provider.begin(application("prod")).id).account_id
    assert account is not None
    assert edge.members.is_usable(account) is False
    sandbox.clock.sleep(21)
    assert edge.members.is_usable(account) is True


def test_a_young_account_whose_services_are_not_on_yet_is_not_usable(
    sandbox: Sandbox, edge: AwsEdge
) -> None:
    (account,) = seed(sandbox, spec("prod"))
    sandbox.faults.add(Rule("ec2", "*", error("OptInRequired", status=401), times=1))
    assert edge.members.is_usable(account) is False
    assert edge.members.is_usable(account) is True


@pytest.mark.parametrize(
    ("reason", "is_ours"),
    [
        ("", False),
        (" because no identity-based policy allows the sts:AssumeRole action", True),
        (" with an explicit deny in an identity-based policy", True),
        (" with an explicit deny in a permissions boundary", True),
        (" because no session policy allows the sts:AssumeRole action", True),
    ],
)
def test_a_role_that_cannot_be_assumed_is_named(
    sandbox: Sandbox, edge: AwsEdge, *, reason: str, is_ours: bool
) -> None:
    (account,) = seed(sandbox, spec("prod"))
    assert edge.members.refusal(account) is None
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    words = f"User: x is not authorized to perform: sts:AssumeRole on resource: {role}{reason}"
    sandbox.faults.add(Rule("sts", "AssumeRole", error("AccessDenied", words, status=403)))
    refusal = onto(sandbox).members.refusal(account)
    assert refusal is not None
    assert "sts:AssumeRole" in refusal.message
    assert role in refusal.message
    assert f"allow sts:AssumeRole on {role} to your own AWS credentials" in refusal.hint
    assert ("trusts the management account" in refusal.hint) is not is_ours
    assert "request id" not in refusal.message, "the words are the same at each look"


def test_what_a_young_account_refuses_is_named(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("prod"))
    sandbox.faults.add(Rule("ec2", "*", error("OptInRequired", status=401)))
    refusal = edge.members.refusal(account)
    assert refusal is not None
    assert "ec2:DescribeRegions" in refusal.message


def test_a_closed_account_never_becomes_usable(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("prod"))
    close(sandbox, account)
    sandbox.clock.sleep(1)
    with pytest.raises(Terminal, match=account):
        edge.members.is_usable(account)


def test_a_guardrail_that_denies_the_probe_is_an_answer(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = seed(sandbox, spec("prod"))
    client = sandbox.botocore_session().create_client("organizations", region_name="us-east-1")
    quarantine = client.create_policy(
        Name="quarantine",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content='{"Version":"2012-10-17","Statement":[{"Effect":"Deny",'
        '"Action":"ec2:*","Resource":"*"}]}',
    )["Policy"]["PolicySummary"]["Id"]
    client.attach_policy(PolicyId=quarantine, TargetId=account)
    with pytest.raises(Denied, match="service control policy"):
        edge.members.session(account).client("ec2").describe_regions()
    assert edge.members.is_usable(account) is True


def test_an_account_of_nobody_is_terminal(edge: AwsEdge) -> None:
    with pytest.raises(Terminal, match="not in this organization"):
        edge.members.is_usable(AccountId("999999999999"))


def test_a_role_of_another_name_is_used_when_configured(sandbox: Sandbox) -> None:
    (account,) = seed(
        sandbox,
        replace(spec("prod"), access_role="PlatformAccess"),
    )
    assert onto(sandbox).members.is_usable(account) is False
    config = Config(home_region="eu-central-1", roles=Roles(member="PlatformAccess"))
    assert onto(sandbox, config).members.is_usable(account) is True


def test_the_caller_is_known(sandbox: Sandbox, edge: AwsEdge) -> None:
    identity = edge.sessions.check_credentials()
    assert identity.account_id == sandbox.management_account_id
    before = sandbox.calls
    edge.sessions.check_credentials()
    assert sandbox.calls == before
