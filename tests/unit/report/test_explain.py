"""``aft explain`` on the page: 80 columns, places at the right edge; and for tools."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from builders_plan import but

from aft.findings.model import SourceRef
from aft.findings.origins import Explained, Origin, OriginKind, Overridden
from aft.plan.explanation import (
    ExplainedCustomization,
    ExplainedSetting,
    ExplainedStep,
    Explanation,
    LastTime,
)
from aft.report.explain_values import explanation_json, explanation_view

REQUEST = "account-requests/workloads/shop/shop-prod.yaml"
DEFAULTS = "account-requests/_defaults.yaml"
STANDARD = "customizations/baselines/standard.yaml"
NOBODY = Origin(kind=OriginKind.SETTING)
LAST = LastTime(applied_at=datetime(2026, 11, 22, tzinfo=UTC))


def said(path: str, line: int, **more: object) -> Origin:
    kind = OriginKind.REQUEST if path == REQUEST else OriginKind.DEFAULTS
    return Origin(kind=kind, source=SourceRef(path, line), **more)  # type: ignore[arg-type]  # fields by name


def value(name: str, what: object, origin: Origin = NOBODY) -> Explained:
    return Explained(name=name, value=what, origin=origin, loc=tuple(name.split(".")))


EXPLANATION = Explanation(
    id="shop-prod",
    source=SourceRef(REQUEST),
    account_id="123456789012",
    ou="Workloads/Prod",
    fields=(
        value("email", "aws+shop-prod@example.com", said(DEFAULTS, 2, pattern="aws+{id}@x.com")),
        value("ou", "Workloads/Prod", said(REQUEST, 1)),
        value("owner.team", "shop", said(REQUEST, 3)),
        value("owner.email", "shop@example.com", said(REQUEST, 3)),
        value(
            "tags.cost-center",
            "4711",
            said(REQUEST, 4, over=(Overridden(value="1000", source=SourceRef(DEFAULTS, 6)),)),
        ),
        value("state", "active", Origin(kind=OriginKind.BUILT_IN)),
        value("protect", False, Origin(kind=OriginKind.BUILT_IN)),
    ),
    unset=("access", "expires"),
    place=(
        value("account", "123456789012", Origin(kind=OriginKind.LEDGER, why="created 2026-11-22")),
        value("regions", ["eu-central-1", "eu-west-1"], said("aft.yaml", 5)),
    ),
    baseline=value(
        "baseline",
        "standard",
        Origin(kind=OriginKind.BASELINE, source=SourceRef(STANDARD, 3), why="selects OU Workloads"),
    ),
    settings=(
        ExplainedSetting(
            name="iam-password-policy",
            source=SourceRef(STANDARD, 5),
            description="A policy.",
            parameters=(
                value(
                    "minimum_length",
                    20,
                    Origin(kind=OriginKind.BASELINE, source=SourceRef(STANDARD, 6)),
                ),
                value("require_symbols", True),
                value("bucket", None),
            ),
            last=LAST,
        ),
        ExplainedSetting(
            name="ssm-metadata",
            source=SourceRef(STANDARD, 7),
            description="Metadata.",
            parameters=(value("path", "/aft"),),
            regions=("eu-central-1", "eu-west-1"),
            published=(value("/aft/custom-fields/tier", "gold", said(REQUEST, 9)),),
        ),
    ),
    customizations=(
        ExplainedCustomization(
            name="global",
            folder="customizations/global",
            origin=Origin(
                kind=OriginKind.CUSTOMIZATION,
                source=SourceRef("customizations/global"),
                why="every account gets it",
            ),
            parameters=(),
            steps=(
                ExplainedStep(
                    id="global/10-roles.cfn.yaml",
                    kind="cloudformation",
                    path="customizations/global/10-roles.cfn.yaml",
                    last=but(LAST, failed="the stack is stuck"),
                ),
            ),
        ),
    ),
)


def test_the_text_says_it_all_in_eighty_columns() -> None:
    assert explanation_view(EXPLANATION).plain == (
        """\
shop-prod  123456789012  Workloads/Prod
account-requests/workloads/shop/shop-prod.yaml:1

Request                                                        account-requests/
  email             aws+shop-prod@example.com                   _defaults.yaml:2
                    from "aws+{id}@x.com"
  ou                Workloads/Prod               workloads/shop/shop-prod.yaml:1
  owner             team: shop, email: shop@example.com
                                                 workloads/shop/shop-prod.yaml:3
  tags.cost-center  4711                         workloads/shop/shop-prod.yaml:4
                    over 1000                                   _defaults.yaml:6
  state             active                                      built-in default
  protect           false                                       built-in default
  not set  access, expires

Place
  account  123456789012                               ledger: created 2026-11-22
  regions  eu-central-1, eu-west-1                                    aft.yaml:5

Baseline standard                          selects OU Workloads: standard.yaml:3
  iam-password-policy  applied 2026-11-22                        standard.yaml:5
    minimum_length   20                                          standard.yaml:6
    require_symbols  true                                        its own default
    not set  bucket
  ssm-metadata  in 2 regions, not applied yet                    standard.yaml:7
    path  /aft                                                   its own default
    /aft/custom-fields/tier  gold
                                account-requests/workloads/shop/shop-prod.yaml:9

Customizations                                                   customizations/
  global                                                                 global/
    every account gets it
    10-roles.cfn.yaml  cloudformation, failed: the stack is stuck"""
    )


def test_the_short_text_holds_what_files_say() -> None:
    text = explanation_view(EXPLANATION, short=True).plain
    assert "built-in" not in text
    assert "its own default" not in text
    assert "over" not in text
    assert "not set" not in text
    assert "  iam-password-policy  minimum_length 20" in text
    assert "  global  10-roles.cfn.yaml" in text
    assert text.count("\n") < explanation_view(EXPLANATION).plain.count("\n") - 8


def test_no_line_is_wider_than_the_page_though_values_are() -> None:
    long = "standards/aws-foundational-security-best-practices/v/1.0.0"
    wide = but(
        EXPLANATION,
        fields=(
            value("reason", "word " * 60, said(REQUEST, 3)),
            value("custom_fields.a_rather_long_name.with_parts.inside", long, said(REQUEST, 30)),
        ),
    )
    for width in (70, 80, 120):
        assert max(map(len, explanation_view(wide, width=width).plain.splitlines())) <= width


def test_an_account_without_a_baseline_says_why() -> None:
    nothing = value(
        "baseline", None, Origin(kind=OriginKind.BUILT_IN, why="none selects the account")
    )
    text = explanation_view(but(EXPLANATION, baseline=nothing, settings=())).plain
    assert "No baseline                                             none selects" in text


def test_nothing_of_a_value_moves_the_cursor() -> None:
    evil = but(EXPLANATION, fields=(value("reason", "a\x1b[31mb\nc", said(REQUEST, 3)),))
    assert "\x1b" not in explanation_view(evil).plain
    assert "a⟨U+001B⟩[31mb c" in explanation_view(evil).plain


def test_the_json_has_every_value_with_its_origin() -> None:
    data = json.loads(explanation_json(EXPLANATION))
    assert data["id"] == "shop-prod"
    assert data["fields"][4] == {
        "name": "tags.cost-center",
        "value": "4711",
        "origin": {"kind": "request", "path": REQUEST, "line": 4, "pattern": None, "why": None},
        "over": [{"value": "1000", "path": DEFAULTS, "line": 6}],
    }
    assert data["settings"][0]["parameters"][1]["origin"]["kind"] == "setting"
    assert data["settings"][0]["applied_at"] == "2026-11-22T00:00:00+00:00"
    assert data["customizations"][0]["steps"][0]["failed"] == "the stack is stuck"
    assert data["unset"] == ["access", "expires"]
