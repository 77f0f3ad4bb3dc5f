"""What bad input gets: a finding with file, line, column and code, or a failed row with the
reason; nothing half-written; and fixing the file is enough."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_repo import STACK, Repo

GOOD = "name: shop\nemail: aws+shop@example.com\nou: Workloads/Dev\n"
SHOP = "account-requests/shop.yaml"
WEB = "customizations/accounts/web/10-web.cfn.yaml"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.standard(tmp_path / "repo")


def place(repo: Repo, code: str) -> tuple[str, int, int]:
    """Where the first finding with ``code`` is; validate must have failed."""
    result = repo.aft("validate", "--format", "json")
    assert result.code == 3, result.out
    found = [item for item in result.data["findings"] if item["code"] == code]
    assert found, result.data
    assert found[0]["severity"] == "error"
    return found[0]["path"], found[0]["line"], found[0]["column"]


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        pytest.param(GOOD + "name: other\n", "AFT103", 4, 1, id="duplicate key"),
        pytest.param(
            "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n" + GOOD, "AFT105", 1, 4, id="YAML bomb"
        ),
        pytest.param(GOOD + "account_id: 012345678901\n", "AFT205", 4, 13, id="unquoted id"),
        pytest.param(GOOD + "custmizations: [web]\n", "AFT201", 4, 1, id="unknown key"),
        pytest.param(GOOD + "tags: [a, b]\n", "AFT202", 4, 7, id="wrong type"),
        pytest.param(GOOD + "protect: yes\n", "AFT202", 4, 10, id="YAML 1.1 boolean"),
        pytest.param(GOOD + "---\n" + GOOD, "AFT106", 4, 1, id="two documents"),
        pytest.param(GOOD.replace("Workloads/Dev", "Worklods/Dev"), "AFT306", 3, 5, id="misspelt"),
        pytest.param(GOOD + "customizations: [wbe]\n", "AFT312", 4, 18, id="no customization"),
        pytest.param(GOOD + "expires: 2027-06-30\n", "AFT290", 4, 1, id="not acted on yet"),
        pytest.param(GOOD + "reason: !!python/name:os.system x\n", "AFT108", 4, 9, id="tag"),
        pytest.param("name: shop\n\temail: x\n", "AFT102", 2, 1, id="tab"),
        pytest.param(GOOD + "depends_on: [shop]\n", "AFT308", 4, 14, id="depends on itself"),
    ],
)
def test_a_bad_request_is_a_finding(
    repo: Repo, text: str, code: str, line: int, column: int
) -> None:
    repo.write(SHOP, text)
    repo.write("customizations/accounts/web/10-web.cfn.yaml", STACK)
    assert place(repo, code) == (SHOP, line, column)

    repo.commit("Bad")
    held = repo.aft("apply", "--yes")
    assert held.code == 4
    assert f"{SHOP}:{line}:{column}: {code}" in " ".join(held.out.split())
    assert held.last_line.endswith("1 account held back by errors in their files.")
    assert repo.accounts() == {}, "nothing was done for it"

    repo.write(SHOP, GOOD)
    repo.commit("Fixed")
    repo.apply()
    assert set(repo.accounts()) == {"shop"}


def test_a_request_named_like_its_neighbour_but_for_case(repo: Repo) -> None:
    repo.write(SHOP, GOOD)
    repo.write(
        "account-requests/lab.yaml",
        GOOD.replace("name: shop", "name: Shop").replace("+shop", "+lab"),
    )
    path, line, column = place(repo, "AFT305")
    assert (line, column) == (1, 7)
    assert path in (SHOP, "account-requests/lab.yaml")


def test_a_template_with_an_undefined_variable(repo: Repo) -> None:
    repo.write(WEB, STACK.replace("{{ account.request_id }}", "{{ acount.request_id }}"))
    repo.write(SHOP, GOOD + "customizations: [web]\n")
    path, line, column = place(repo, "AFT602")
    assert (path, line) == (WEB, 6)
    assert column > 1


def test_a_template_that_reads_an_output_nobody_makes(repo: Repo) -> None:
    repo.write(WEB, STACK.replace("account.request_id", "outputs['web/00-none.py'].Nothing"))
    repo.write(SHOP, GOOD + "customizations: [web]\n")
    assert place(repo, "AFT606")[:2] == (WEB, 6)


def test_a_custom_field_that_a_template_needs_and_the_request_lacks(repo: Repo) -> None:
    repo.write(WEB, STACK.replace("account.request_id", "custom_fields.tier"))
    repo.write(SHOP, GOOD + "customizations: [web]\n")
    path, line, _ = place(repo, "AFT605")
    assert (path, line) == (SHOP, 4)


def test_a_python_step_that_does_not_parse(repo: Repo) -> None:
    repo.write("customizations/global/10-x.py", "def customize(context):\n    retur {}\n")
    path, line, column = place(repo, "AFT610")
    assert (path, line) == ("customizations/global/10-x.py", 2)
    assert column >= 1


FAILING = {
    "raises": (
        "20-step.py",
        "def customize(context):\n    raise ValueError('no such queue')\n",
        ["ValueError", "no such queue", "20-step.py:2"],
    ),
    "hangs": (
        "20-step.py",
        "import time\nTIMEOUT_SECONDS = 1\ndef customize(context):\n    time.sleep(600)\n",
        ["1", "second"],
    ),
    "returns nonsense": (
        "20-step.py",
        "def customize(context):\n    return 42\n",
        ["42"],
    ),
    "template": (
        "20-step.cfn.yaml",
        STACK.replace("AWS::SNS::Topic", "AWS::S3::Bucket")
        .replace("TopicName", "BucketName")
        .replace("{{ account.request_id }}-news", "Not A Bucket Name"),
        ["Topic", "CREATE_FAILED"],
    ),
}


@pytest.mark.parametrize("case", FAILING)
def test_a_failing_step_is_one_row_and_fixing_it_is_enough(repo: Repo, case: str) -> None:
    name, content, words = FAILING[case]
    path = f"customizations/accounts/web/{name}"
    repo.write(path, content)
    repo.write(SHOP, GOOD + "customizations: [web]\n")
    repo.request("lab")
    repo.commit("One will fail")
    result = repo.aft("apply", "--yes")
    assert result.code == 4
    assert "1 failed" in result.last_line
    for word in words:
        assert word in result.out

    rows = {row["id"]: row for row in repo.aft("status", "--json").data["accounts"]}
    assert rows["lab"]["state"] == "active"
    assert rows["shop"]["state"] == "failed"
    assert [failure["step"] for failure in rows["shop"]["failed"]] == [f"web/{name}"]

    if name.endswith(".py"):
        repo.write(path, "def customize(context):\n    return {}\n")
    else:
        repo.write(path, STACK)
    repo.commit("Fix the step")
    assert repo.changes() == [f"account/shop/run-customization/web/{name}"]
    repo.apply()
    assert repo.aft("status", "--json").data["accounts"][1]["state"] == "active"


@pytest.mark.parametrize("options", [(), ("--sparse-index",)])
def test_a_sparse_checkout_hides_no_finding(repo: Repo, options: tuple[str, ...]) -> None:
    """The OUs are in ``customizations/``, which is not on the disk."""
    repo.write(SHOP, GOOD)
    repo.commit("A request")
    repo.git("sparse-checkout", "set", *options, "account-requests")
    assert not (repo.root / "customizations").exists()
    assert repo.aft("validate").code == 0
    repo.write(SHOP, GOOD.replace("Workloads/Dev", "Worklods/Dev"))
    assert place(repo, "AFT306") == (SHOP, 3, 5)
