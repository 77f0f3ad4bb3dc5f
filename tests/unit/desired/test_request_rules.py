"""What must hold between requests, and with the rest of the repository."""

from __future__ import annotations

import pytest
from builders_requests import lines, load, request_text

from aft.desired.desired import LoadResult

ORGANIZATION = "customizations/organization/organization.yaml"


def requests(**files: str) -> dict[str, str]:
    return {f"account-requests/{name}.yaml": text for name, text in files.items()}


def messages(result: LoadResult) -> list[str]:
    return [item.message for item in result.findings]


def test_one_id_in_two_folders() -> None:
    result = load(
        {
            "account-requests/a/shop.yaml": request_text("shop"),
            "account-requests/b/shop.yaml": request_text("other"),
        }
    )
    assert lines(result) == ["account-requests/b/shop.yaml:1:1 AFT301"]
    assert "account-requests/a/shop.yaml" in messages(result)[0]


def test_one_email_but_for_case() -> None:
    result = load(
        requests(
            a=request_text("a", email="Root@example.com"),
            b=request_text("b", email="root@Example.com"),
        )
    )
    assert lines(result) == ["account-requests/b.yaml:2:8 AFT303"]
    assert "a (account-requests/a.yaml)" in messages(result)[0]


def test_one_name() -> None:
    result = load(requests(a=request_text("a", name="same"), b=request_text("b", name="same")))
    assert lines(result) == ["account-requests/b.yaml:1:7 AFT304"]


def test_one_account_adopted_twice() -> None:
    result = load(
        requests(
            a=request_text("a", account_id='"123456789012"'),
            b=request_text("b", account_id='"123456789012"'),
        )
    )
    assert lines(result) == ["account-requests/b.yaml:4:13 AFT310"]


def test_a_cycle_is_reported_once_and_shown() -> None:
    result = load(
        requests(
            a=request_text("a", depends_on="[d, b]"),
            b=request_text("b", depends_on="[c]"),
            c=request_text("c", depends_on="[a]"),
            d=request_text("d"),
            e=request_text("e", depends_on="[a]"),
        )
    )
    assert lines(result) == ["account-requests/a.yaml:4:17 AFT309"]
    assert messages(result) == ["requests wait for each other: a -> b -> c -> a"]


def test_two_separate_cycles() -> None:
    result = load(
        requests(
            a=request_text("a", depends_on="[b]"),
            b=request_text("b", depends_on="[a]"),
            y=request_text("y", depends_on="[z]"),
            z=request_text("z", depends_on="[y]"),
        )
    )
    assert [item.code for item in result.findings] == ["AFT309", "AFT309"]


def test_a_long_chain_and_a_diamond_are_no_cycles() -> None:
    chain = {
        f"n{number:04}": request_text(f"n{number:04}", depends_on=f"[n{number - 1:04}]")
        for number in range(1, 2000)
    }
    diamond = {
        "top": request_text("top", depends_on="[left, right]"),
        "left": request_text("left", depends_on="[n0000]"),
        "right": request_text("right", depends_on="[n0000]"),
    }
    result = load(requests(n0000=request_text("n0000"), **chain, **diamond))
    assert result.findings == ()


def test_a_dependency_on_a_broken_request_is_no_second_finding() -> None:
    result = load(requests(a="name: [\n", b=request_text("b", depends_on="[a]")))
    assert lines(result) == ["account-requests/a.yaml:1:7 AFT101"]


def test_earlier_ids() -> None:
    result = load(
        requests(
            a=request_text("a", previously="a"),
            b=request_text("b", previously="a"),
            c=request_text("c", previously="old"),
            d=request_text("d", previously="old"),
        )
    )
    assert lines(result) == [
        "account-requests/a.yaml:4:13 AFT313",
        "account-requests/b.yaml:4:13 AFT313",
        "account-requests/b.yaml:4:13 AFT314",
        "account-requests/d.yaml:4:13 AFT314",
    ]


def test_an_ou_id_is_left_to_the_plan() -> None:
    assert load(requests(a=request_text("a", ou="ou-ab12-abcdefgh"))).findings == ()


def test_without_an_ou_tree_only_the_plan_can_tell() -> None:
    result = load({**requests(a=request_text("a", ou="Elsewhere")), ORGANIZATION: ""})
    assert result.findings == ()


def test_a_broken_ou_tree_makes_no_second_finding() -> None:
    files = {**requests(a=request_text("a", ou="Elsewhere")), ORGANIZATION: "typo: 1\n"}
    assert {item.source.path for item in load(files).findings} == {ORGANIZATION}


def test_a_broken_baseline_does_exist() -> None:
    broken = "customizations/baselines/broken.yaml"
    result = load({broken: "typo: 1\n", **requests(a=request_text("a", baseline="broken"))})
    assert {item.source.path for item in result.findings} == {broken}


def test_a_tie_between_baselines_is_shown_at_the_request() -> None:
    select = "select: {{organizational_units: [Workloads]}}\nsettings: [{{setting: {0}}}]\n"
    result = load(
        {
            "customizations/baselines/one.yaml": select.format("ebs-default-encryption"),
            "customizations/baselines/two.yaml": select.format("s3-public-access-block"),
            **requests(a=request_text("a"), b=request_text("b", baseline="two")),
        }
    )
    assert lines(result) == ["account-requests/a.yaml:1:1 AFT315"]
    assert "one, two" in messages(result)[0]


def test_a_baseline_parameter_that_does_not_suit_one_account() -> None:
    result = load(
        {
            "customizations/baselines/named.yaml": (
                "settings:\n  - setting: ssm-metadata\n    parameters: {path: '/{name}'}\n"
            ),
            **requests(
                a=request_text("a", baseline="named", name="fine-name"),
                b=request_text("b", baseline="named", name="not a path"),
            ),
        }
    )
    assert lines(result) == ["account-requests/b.yaml:4:11 AFT507"]


def test_a_template_value_that_one_account_lacks() -> None:
    template = "Resources:\n  A: {Type: 'AWS::S3::Bucket', Tier: '{{ custom_fields.tier }}'}\n"
    result = load(
        {
            "customizations/accounts/tiered/10-a.cfn.yaml": template,
            **requests(
                a=request_text("a", customizations="[pci, tiered]", custom_fields="{tier: gold}"),
                b=request_text("b", customizations="[pci, tiered]"),
            ),
        }
    )
    assert lines(result) == ["account-requests/b.yaml:4:23 AFT605"]


def test_more_requests_than_the_quota() -> None:
    config = "home_region: eu-central-1\nlimits:\n  accounts: 1\n"
    result = load({"aft.yaml": config, **requests(a=request_text("a"), b=request_text("b"))})
    assert lines(result) == ["aft.yaml:3:13 AFT316"]


def test_requests_are_checked_although_the_configuration_is_broken() -> None:
    result = load({"aft.yaml": "nope: 1\n", **requests(a=request_text("a") + "typo: 1\n")})
    assert lines(result) == [
        "account-requests/a.yaml:4:1 AFT201",
        "aft.yaml:1:1 AFT201",
        "aft.yaml:1:1 AFT203",
    ]


@pytest.mark.parametrize(
    ("email", "is_reserved"),
    [
        ("aws+a@example.com", True),
        ("aws+a@EXAMPLE.org", True),
        ("aws+a@mail.example.net", True),
        ("aws@corp.test", True),
        ("aws@x.y.invalid", True),
        ("aws@my.example", True),
        ("aws@host.localhost", True),
        ("aws@example.co", False),
        ("aws@myexample.com", False),
        ("aws@example.com.acme.net", False),
        ("aws@test.acme.net", False),
        ("example.com@acme.net", False),
    ],
)
def test_addresses_that_receive_no_mail(email: str, is_reserved: bool) -> None:
    """Said offline, and held by plans of real accounts; in the sandbox there is no mail."""
    files = {
        "account-requests/a.yaml": request_text("a", email=email),
        "account-requests/b.yaml": request_text("b", email="aws+b@acme.net"),
    }
    assert lines(load(files)) == []
    result = load(files, is_real=True)
    assert lines(result) == (["account-requests/a.yaml:2:8 AFT347"] if is_reserved else [])
    assert result.state is not None, "a warning"
    assert result.usable is not None
    assert list(result.usable.held.requests) == (["a"] if is_reserved else [])


def test_an_address_of_the_defaults_that_receives_no_mail() -> None:
    files = {
        "account-requests/_defaults.yaml": 'email: "aws+{id}@example.com"\n',
        "account-requests/a.yaml": "name: a\nou: Workloads/Prod\n",
        "account-requests/b.yaml": request_text("b", email="aws+b@acme.net"),
        "account-requests/c.yaml": request_text("c", account_id="'123456789012'"),
    }
    result = load(files, is_real=True)
    assert lines(result) == ["account-requests/_defaults.yaml:1:8 AFT347"]
    assert result.usable is not None
    assert list(result.usable.held.requests) == ["a"], "what is adopted keeps its address"
