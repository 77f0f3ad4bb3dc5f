"""AWS's limits on single fields: what is accepted up to the limit, and refused past it."""

from __future__ import annotations

from datetime import date

import pytest
from builders_requests import load, request_text

from aft.desired.model import AccountRequest, Owner, Protection
from aft.organization.model import Contact
from aft.values.ids import AccountId, OrgUnitPath, RequestId

SHOP = "account-requests/shop.yaml"
CONTACT = "name: Ada, title: CTO, email: ada@example.com, phone: '+49 (30) 1-2'"


def accepted(**fields: str) -> AccountRequest:
    result = load({SHOP: request_text("shop", **fields)})
    assert result.findings == ()
    assert result.state is not None
    return result.state.requests[0]


def refused(**fields: str) -> str:
    """The message of the one AFT204 finding."""
    result = load({SHOP: request_text("shop", **fields)})
    assert result.state is None
    assert [item.code for item in result.findings] == ["AFT204"], result.findings
    return result.findings[0].message


def test_every_field_that_is_acted_on_arrives() -> None:
    result = load(
        {
            "account-requests/base.yaml": request_text("base"),
            SHOP: request_text(
                "shop",
                ou="Workloads/Dev",
                owner="{team: shop, email: shop@example.com}",
                reason="'The  shop\n\n  of all'",
                ticket="PLAT-1",
                tags='{cost-center: "4711", "über/x y": "a=b@c"}',
                contacts=f"{{billing: {{{CONTACT}}}, security: null}}",
                regions="[eu-west-1, us-east-1]",
                baseline="production",
                customizations="[web-service, pci]",
                custom_fields="{tier: gold, vpc: {cidr: 10.0.0.0/20, zones: [a, b]}, n: 3}",
                depends_on="[base]",
                protect="true",
                account_id='"012345678901"',
                previously="old-shop",
                state="active",
            ),
        }
    )
    assert result.findings == ()
    assert result.state is not None
    request = result.state.request_by_id[RequestId("shop")]
    assert request.ou == OrgUnitPath(("Workloads", "Dev"))
    assert request.owner == Owner(team="shop", email="shop@example.com")
    assert request.reason == "The shop of all"
    assert request.ticket == "PLAT-1"
    assert request.tags == {"cost-center": "4711", "über/x y": "a=b@c"}
    assert request.contacts == {
        "billing": Contact(name="Ada", title="CTO", email="ada@example.com", phone="+49 (30) 1-2")
    }
    assert request.regions == ("eu-west-1", "us-east-1")
    assert request.baseline == "production"
    assert request.customizations == ("web-service", "pci")
    assert request.custom_fields == {
        "tier": "gold",
        "vpc": {"cidr": "10.0.0.0/20", "zones": ["a", "b"]},
        "n": 3,
    }
    assert request.depends_on == ("base",)
    assert request.protect is True
    assert request.account_id == AccountId("012345678901")
    assert request.previously == "old-shop"
    assert str(request.source) == f"{SHOP}:1:1"


@pytest.mark.parametrize(
    ("written", "protect", "said"),
    [
        ("true", True, Protection()),
        ("false", False, Protection()),
        ("", False, Protection()),
        ("{}", True, Protection()),
        ("{by: ada}", True, Protection(by="ada")),
        (
            "{reason: 'The  books', by: ada, until: 2027-06-30}",
            True,
            Protection(reason="The books", by="ada", until=date(2027, 6, 30)),
        ),
    ],
)
def test_protect_is_true_or_says_why(written: str, *, protect: bool, said: Protection) -> None:
    request = accepted(protect=written)
    assert (request.protect, request.protection) == (protect, said)


def test_name_length() -> None:
    assert accepted(name="x" * 50).name == "x" * 50
    assert refused(name="x" * 51) == "name: expected 1 to 50 characters, found 51"
    assert "found 0" in refused(name="''")


@pytest.mark.parametrize("name", ["'<b>'", "' padded'", "Müller"])
def test_name_characters(name: str) -> None:
    assert "printable ASCII" in refused(name=name)


def test_email() -> None:
    longest = "a" * 52 + "@example.com"
    assert len(longest) == 64
    assert accepted(email=longest).email == longest
    assert "6 to 64 characters" in refused(email="a" + longest)
    assert "not an e-mail address" in refused(email="shop.example.com")
    assert "not an e-mail address" in refused(email="a b@example.com")


@pytest.mark.parametrize(
    ("email", "message"),
    [
        ("aws+é@example.com", "ASCII characters alone, found U+00E9"),
        ("aws@exämple.com", "ASCII characters alone, found U+00E4"),
        ("a@b@example.com", "one '@'"),
        (".aws@example.com", "no '.' first"),
        *((f"a{sign}b@example.com", "before the '@'") for sign in '"()<>[]:;,\\|%& '),
        ("a''b@example.com", "before the '@'"),
        ("@example.com", "before the '@'"),
        ("aws@examplecom", "at least one '.'"),
        ("aws@.example.com", "neither begin nor end it"),
        ("aws@example.com.", "neither begin nor end it"),
        ("aws@-example.com", "neither begin nor end it"),
        ("aws@example.com-", "neither begin nor end it"),
        ("aws@exam_ple.com", "letters, digits, '-'"),
        ("aws@[10.0.0.1]", "letters, digits, '-'"),
        ("a@b.c", "6 to 64 characters"),
    ],
)
def test_aws_rules_for_addresses(email: str, message: str) -> None:
    assert message in refused(email=f"'{email}'")


@pytest.mark.parametrize("local", ["a.b", "a..b", "a.", "a+b-c_d", "!#$*+-/=?^_`{}~", "0"])
def test_addresses_that_aws_takes(local: str) -> None:
    assert accepted(email=f"'{local}@sub.example-1.com'").email == f"{local}@sub.example-1.com"


def test_ou() -> None:
    assert accepted(ou="ou-ab12-abcdefgh").ou == "ou-ab12-abcdefgh"
    assert accepted(ou="/").ou == OrgUnitPath(())
    assert "is not an OU id" in refused(ou="ou-ab12-short")
    assert "is not an OU path" in refused(ou="Workloads//Prod")
    assert "AWS allows 5" in refused(ou="a/b/c/d/e/f")


def test_tag_count_leaves_room_for_our_own() -> None:
    def tags(count: int) -> str:
        return "{" + ", ".join(f"t{number}: x" for number in range(count)) + "}"

    assert len(accepted(tags=tags(49)).tags) == 49
    assert "at most 49 tags, found 50" in refused(tags=tags(50))


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        (f"{{{'k' * 129}: x}}", "1 to 128 characters, found 129"),
        (f"{{k: {'v' * 257}}}", "at most 256 characters, found 257"),
        ("{'': x}", "1 to 128 characters, found 0"),
        ("{'aws:x': x}", "belong to AWS"),
        ("{'AWS:x': x}", "belong to AWS"),
        ("{'aft:request': x}", "aft's own"),
        ("{'a?b': x}", "found '?'"),
        ("{ab: 'x\\ny'}", "found '\\\\'"),
        ('{ab: "x\\ny"}', "found '\\n'"),
        ("{'аws:x': x}", "belong to AWS"),
        ("{'аft:request': x}", "aft's own"),
    ],
)
def test_tag_limits(tags: str, said: str) -> None:
    assert said in refused(tags=tags)


def test_tag_extremes_are_accepted() -> None:
    accepted(tags=f"{{{'k' * 128}: {'v' * 256}, awsome: '', 'team:x': 'Straße 5'}}")


def test_a_wrong_tag_key_is_shown_at_the_key() -> None:
    result = load({SHOP: request_text("shop") + "tags:\n  ok: x\n  aws:no: y\n"})
    assert [str(item.source) for item in result.findings] == [f"{SHOP}:6:3"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("name: " + "n" * 65, "at most 64 characters"),
        ("title: " + "t" * 51, "at most 50 characters"),
        ("email: nobody", "expected an e-mail address"),
        ("phone: 'call me'", "expected 1 to 25 digits"),
        ("phone: '" + "1" * 26 + "'", "expected 1 to 25 digits"),
    ],
)
def test_contact_limits(change: str, said: str) -> None:
    fields = dict(part.split(": ", 1) for part in CONTACT.split(", "))
    key, _, value = change.partition(": ")
    fields[key] = value
    text = ", ".join(f"{name}: {value}" for name, value in fields.items())
    assert said in refused(contacts=f"{{operations: {{{text}}}}}")


def test_custom_fields_are_what_ssm_parameters_take() -> None:
    assert accepted(custom_fields=f"{{a: {'x' * 4096}, b: null, c: '', d: [1, {{e f: g}}]}}")
    assert "4,096 bytes" in refused(custom_fields=f"{{a: {{b: {'x' * 4097}}}}}")
    assert "4,096 bytes" in refused(custom_fields=f"{{a: {'ä' * 2049}}}")
    assert "'{{'" in refused(custom_fields="{a: '{{x}}'}")
    assert "expected a key of" in refused(custom_fields="{a b: x}")
    assert "custom_fields.a.b/c:" in refused(custom_fields="{a: {b/c: x}}")


def test_the_line_of_a_wrong_custom_field() -> None:
    result = load({SHOP: request_text("shop") + "custom_fields:\n  vpc:\n    c d: x\n"})
    assert [str(item.source) for item in result.findings] == [f"{SHOP}:6:5"]


@pytest.mark.parametrize("field", ["regions", "customizations", "depends_on"])
def test_lists_without_repeats(field: str) -> None:
    value = {"regions": "eu-west-1", "customizations": "pci", "depends_on": "base"}[field]
    result = load(
        {
            "account-requests/base.yaml": request_text("base"),
            SHOP: request_text("shop", **{field: f"[{value}, {value}]"}),
        }
    )
    assert [item.code for item in result.findings] == ["AFT204"]
    assert "listed twice" in result.findings[0].message


def test_an_access_line_names_a_group_or_a_user() -> None:
    user = "{email: a@example.com, first_name: A, last_name: B}"
    for access in (
        "{permission_set: X}",
        f"{{group: g, user: {user}, permission_set: X}}",
    ):
        result = load({SHOP: request_text("shop", access=f"[{access}]")})
        assert {item.code for item in result.findings} == {"AFT204", "AFT290"}
        wrong = next(item for item in result.findings if item.code == "AFT204")
        assert "either group or user" in wrong.message


def test_what_is_not_acted_on_is_still_validated() -> None:
    result = load({SHOP: request_text("shop", access="[{permission_set: X}]", expires="soon")})
    found = [f"{item.source.line}:{item.source.column} {item.code}" for item in result.findings]
    assert found == ["4:1 AFT290", "4:10 AFT204", "5:1 AFT290", "5:10 AFT204"]


def test_a_budget_with_alerts_needs_somebody_to_warn() -> None:
    quiet = "{monthly_usd: 5, alert_at: []}"
    for budget, codes in (
        ("{monthly_usd: 5}", {"AFT317", "AFT318"}),
        (quiet, {"AFT317"}),
        ("{monthly_usd: 5, subscribers: [a@example.com]}", {"AFT317"}),
    ):
        result = load({SHOP: request_text("shop", budget=budget)})
        assert {item.code for item in result.findings} == codes


ORGANIZATION = "customizations/organization/organization.yaml"
LABS = """\
organizational_units:
  - name: Workloads
    children: [{name: ["R&D / Labs"]}]
  - name: shop
"""


def test_an_ou_may_be_a_list_of_names_also_in_defaults_and_selectors() -> None:
    result = load(
        {
            ORGANIZATION: LABS,
            "account-requests/_defaults.yaml": "ou: ['{id}']\n",
            SHOP: "name: shop\nemail: shop@example.com\n",
            "account-requests/lab.yaml": request_text("lab", ou='[Workloads, "R&D / Labs"]'),
            "customizations/baselines/labs.yaml": "select: {organizational_units: [shop, "
            "[Workloads, 'R&D / Labs']]}\nsettings: [{setting: s3-public-access-block}]\n",
            "customizations/accounts/labs/customization.yaml": "select: {organizational_units: "
            "[[Workloads, 'R&D / Labs']]}\n",
            "customizations/accounts/labs/10-x.sh": "true\n",
        }
    )
    assert result.findings == ()
    assert result.state is not None
    assert [item.ou for item in result.state.requests] == [
        OrgUnitPath(("Workloads", "R&D / Labs")),
        OrgUnitPath(("shop",)),
    ]
    chosen = result.state.baselines["labs"]
    assert chosen.select is not None
    assert OrgUnitPath(("Workloads", "R&D / Labs")) in chosen.select.organizational_units
    steps = result.state.customizations["labs"].select.organizational_units
    assert steps == (OrgUnitPath(("Workloads", "R&D / Labs")),)


@pytest.mark.parametrize(
    ("ou", "why"),
    [
        ("[]", "at least one name"),
        ("['']", "no empty one"),
        ("[a, b, c, d, e, f]", "is 6 deep"),
        ("Workloads/R&D / Labs", "a list of names"),
    ],
)
def test_an_ou_that_is_no_path(ou: str, why: str) -> None:
    assert why in refused(ou=ou)


@pytest.mark.parametrize(("ou", "where"), [("[1]", "1:6"), ("{a: b}", "1:5"), ("5", "1:5")])
def test_an_ou_of_another_type(ou: str, where: str) -> None:
    result = load({SHOP: f"ou: {ou}\nname: shop\nemail: shop@example.com\n"})
    (found,) = result.findings
    assert (found.code, str(found.source)) == ("AFT202", f"{SHOP}:{where}")


def test_an_ou_in_a_list_is_one_of_organization_yaml() -> None:
    result = load({ORGANIZATION: LABS, SHOP: request_text("shop", ou='[Workloads, "R&D / Lab"]')})
    (found,) = result.findings
    assert found.code == "AFT306"
    assert 'did you mean \'["Workloads", "R&D / Labs"]\'' in found.hint
