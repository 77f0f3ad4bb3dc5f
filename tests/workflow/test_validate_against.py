"""What other open pull requests ask for as well is said on our lines, before anyone merges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from builders_repo import Repo

GLOB = "refs/aft/pulls/*"
NETWORK = """\
select: {organizational_units: [Workloads, Sandbox]}
settings:
  - setting: network
    parameters: {cidr_from: custom_fields.vpc.cidr, pool: all}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.standard(tmp_path / "repo")
    repo.write("account-requests/_defaults.yaml", "ou: Workloads/Dev\n")
    repo.request("old")
    repo.commit("Ask for an old one")
    return repo


def pull(repo: Repo, number: int, change: Callable[[], object]) -> None:
    """Pull request ``number`` with what ``change`` does to the files, from where we are."""
    repo.git("checkout", "-q", "-b", f"pull-{number}")
    change()
    repo.commit(f"Pull request {number}")
    repo.git("update-ref", f"refs/aft/pulls/{number}", "HEAD")
    repo.git("checkout", "-q", "-")
    repo.git("branch", "-q", "-D", f"pull-{number}")


def asks(repo: Repo, path: str, **fields: str) -> Callable[[], None]:
    text = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return lambda: repo.write(f"account-requests/{path}.yaml", text)


def ours(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "ours")
    asks(repo, "shop", name="shop", email="aws+shop@example.com")()
    repo.commit("Ask for a shop")


def found(repo: Repo, *arguments: str) -> list[str]:
    result = repo.aft(
        "validate", "--revision", "HEAD", "--against", GLOB, "--format", "json", *arguments
    )
    assert result.code == 0, result.out + result.err
    return [
        f"{item['path']}:{item['line']}:{item['column']} {item['code']} {item['severity']} "
        f"{item['message']}"
        for item in result.data["findings"]
    ]


def test_what_both_ask_for_is_said_on_our_line(repo: Repo) -> None:
    pull(repo, 7, asks(repo, "a", name="other", email="AWS+Shop@example.com"))
    pull(repo, 12, asks(repo, "b", name="SHOP", email="b@example.com"))
    pull(repo, 13, asks(repo, "deep/shop", name="x", email="x@example.com"))
    pull(repo, 14, asks(repo, "fine", name="fine", email="fine@example.com"))
    ours(repo)
    place = "account-requests/shop.yaml"
    name, email = "account name 'shop'", "e-mail address aws+shop@example.com"
    id_taken = "request id 'shop' is also asked for in #13 (account-requests/deep/shop.yaml)"
    assert found(repo) == [
        f"{place}:1:1 AFT345 warning {id_taken}",
        f"{place}:1:7 AFT342 warning {name} is also used in #12 (account-requests/b.yaml)",
        f"{place}:2:8 AFT341 warning {email} is also used in #7 (account-requests/a.yaml)",
    ]


def test_in_every_format(repo: Repo) -> None:
    pull(repo, 12, asks(repo, "b", name="shop", email="b@example.com"))
    ours(repo)
    for form, words in (
        ("text", "account-requests/shop.yaml:1:7: AFT342 warning:"),
        ("github", "::warning file=account-requests/shop.yaml,line=1,col=7,title=AFT342"),
        ("sarif", '"ruleId": "AFT342"'),
    ):
        result = repo.aft("validate", "--revision", "HEAD", "--against", GLOB, "--format", form)
        assert result.code == 0
        assert words in result.out


def test_adopted_accounts_and_addresses(repo: Repo) -> None:
    repo.write("customizations/baselines/standard.yaml", NETWORK)
    repo.write(
        "aft.yaml",
        "home_region: eu-central-1\nnetworks: {pools: {all: {cidr: 10.0.0.0/8}}}\n",
    )
    repo.commit("Networks")
    theirs = {"account_id": "'111122223333'", "custom_fields": "{vpc: {cidr: 10.20.0.0/16}}"}
    pull(repo, 12, asks(repo, "b", name="b", email="b@example.com", **theirs))
    repo.git("checkout", "-q", "-b", "ours")
    mine = {"account_id": "'111122223333'", "custom_fields": "{vpc: {cidr: 10.20.4.0/22}}"}
    asks(repo, "shop", name="shop", email="shop@example.com", **mine)()
    repo.commit("Adopt a shop")
    assert [line.split(" ", 4)[:2] for line in found(repo)] == [
        ["account-requests/shop.yaml:3:13", "AFT343"],
        ["account-requests/shop.yaml:4:29", "AFT344"],
    ]


def test_defaults_of_the_other_revision_count(repo: Repo) -> None:
    def change() -> None:
        repo.write("account-requests/team/_defaults.yaml", "email: 'aws+{id}@example.com'\n")
        asks(repo, "team/b", name="b")()

    pull(repo, 12, change)
    repo.git("checkout", "-q", "-b", "ours")
    asks(repo, "x", name="x", email="aws+b@example.com")()
    repo.commit("Take that address")
    assert ["AFT341" in line for line in found(repo)] == [True]


def test_ourselves_what_is_merged_and_edits_of_one_account_are_skipped(repo: Repo) -> None:
    pull(repo, 3, asks(repo, "gone", name="shop", email="aws+shop@example.com"))
    repo.git("merge", "-q", "--no-ff", "-m", "Merge 3", "refs/aft/pulls/3")
    repo.remove("account-requests/gone.yaml")
    repo.commit("Take it away again")
    pull(repo, 4, lambda: repo.request("old", "reason: another\n"))
    ours(repo)
    repo.request("old", "reason: ours\n")
    repo.commit("Also edit the old one")
    repo.git("update-ref", "refs/aft/pulls/5", "HEAD")
    assert found(repo) == []


def test_only_what_the_pull_request_itself_changes(repo: Repo) -> None:
    """An old pull request collides with something merged since: not our concern."""
    pull(repo, 4, asks(repo, "b", name="b", email="same@example.com"))
    asks(repo, "merged", name="merged", email="same@example.com")()
    repo.commit("Merged since")
    ours(repo)
    assert any("merged.yaml" in line for line in found(repo))
    assert found(repo, "--config-from", "main") == []


def test_hostile_content_is_only_data(repo: Repo) -> None:
    def change() -> None:
        repo.write("account-requests/broken.yaml", "name: [\n")
        repo.write("account-requests/bomb.yaml", "a: &a [x]\nb: [*a, *a]\n" + "[" * 5_000)
        repo.write("account-requests/list.yaml", "- 1\n")
        repo.write("account-requests/twice.yaml", "{a, a, [b]")
        repo.write("account-requests/odd-key.yaml", "a: 1\na: 2\n? [b]\n: d")
        repo.write("account-requests/open-key.yaml", "a: 1\na: 1\n? ? ")
        repo.write("account-requests/empty-key.yaml", "a: 1\na: 1\n? []")
        repo.write("account-requests/deep.yaml", "a: 1\na: 2\nb: " + "[" * 40_000)
        repo.write("account-requests/keys.yaml", "a: 1\na: 2\n" + "? " * 100_000)
        repo.write("account-requests/tags.yaml", "a: [\n" + "\t1,\n" * 50_000)
        repo.write("account-requests/deeper/_defaults.yaml", "{a, a, [b]")
        repo.write("account-requests/deeper/one.yaml", "{a, a, [b]")
        repo.write("account-requests/odd.yaml", "name: {a: 1}\nemail: 3\nou: []\n")
        repo.write("account-requests/huge.yaml", "name: " + "x" * 300_000)
        repo.write("account-requests/bin.yaml", "\x00\x01")
        repo.write("account-requests/-odd name\n.yaml", "name: shop\n")
        (repo.root / "account-requests/link.yaml").symlink_to("/etc/passwd")
        repo.write("account-requests/_defaults.yaml", "ou: [\n")
        asks(repo, "good", name="shop", email="good@example.com", ou="Workloads/Dev")()

    pull(repo, 12, change)
    ours(repo)
    assert [line.split()[1] for line in found(repo)] == ["AFT342"]


def test_no_more_is_read_than_a_bound(repo: Repo) -> None:
    def change() -> None:
        for number in range(501):
            asks(repo, f"many/r{number}", name=f"r{number}", email=f"r{number}@example.com")()

    def large() -> None:
        for number in range(9):
            repo.write(f"account-requests/l{number}.yaml", "#" * 250_000)

    pull(repo, 12, change)
    pull(repo, 13, large)
    repo.git("checkout", "-q", "--orphan", "strange")
    repo.commit("Nothing in common")
    repo.git("update-ref", "refs/aft/pulls/14", "HEAD")
    repo.git("checkout", "-q", "main")
    repo.git("update-ref", "refs/aft/pulls/15", repo.git("rev-parse", "HEAD^{tree}"))
    ours(repo)
    result = repo.aft("validate", "--revision", "HEAD", "--against", GLOB)
    assert result.code == 0
    assert "#12 was not compared: it changes more than 500 files" in result.err
    assert "#13 was not compared: the requests it changes are too large" in result.err
    assert "#14 was not compared: it has no commit in common" in result.err
    assert "#15" not in result.err


def test_files_on_disk_count_too(repo: Repo) -> None:
    pull(repo, 12, asks(repo, "b", name="shop", email="b@example.com"))
    asks(repo, "shop", name="shop", email="aws+shop@example.com")()
    assert "AFT342" in repo.aft("validate", "--against", GLOB).out


def test_a_pattern_that_is_none(repo: Repo) -> None:
    result = repo.aft("validate", "--against", "12")
    assert result.code == 1
    assert "refs/aft/pulls/*" in result.err
