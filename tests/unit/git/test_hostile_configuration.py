"""A clone whose own configuration, hooks and attributes an attacker wrote: what they name is not
asked, not started and given no secret."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2
import pytest
from builders_git import Clone, bare, git
from git_server import GitServer, serving
from pygit2.enums import ConfigLevel

from aft.errors import AftError
from aft.git.command import GitCommand
from aft.git.conversation import address_of
from aft.git.credentials import _web_origin
from aft.git.origins import Origin, origin_of
from aft.git.wire import RefFetch, RemoteBranchRef
from aft.git.worktree import worktree_status

TOKEN = "ghp_verySecret"


@dataclass(frozen=True)
class Servers:
    """``good`` is the remote, ``evil`` what the configuration leads to. Both have the branch."""

    good: GitServer
    evil: GitServer


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with serving(tmp_path / "good") as good, serving(tmp_path / "evil") as evil:
        author = Clone(tmp_path / "author")
        author.commit()
        for served in (good, evil):
            author.git("push", "-q", bare(served.root / "repo.git"), "HEAD:refs/heads/main")
        good.password = TOKEN
        evil.password = "anything"
        yield Servers(good, evil)


def clone(tmp_path: Path, servers: Servers, config: Mapping[str, str]) -> Clone:
    made = Clone(tmp_path / "clone")
    made.git("remote", "add", "origin", f"{servers.good.url}/repo.git")
    (tmp_path / "more").write_text(
        f'[url "{servers.evil.url}/"]\n\tinsteadOf = {servers.good.url}/\n'
    )
    here = {"good": servers.good.url, "evil": servers.evil.url, "more": str(tmp_path / "more")}
    for key, value in config.items():
        made.git("config", key.format_map(here), value.format_map(here))
    return made


LEADING_ELSEWHERE: list[Mapping[str, str]] = [
    {"url.{evil}/.insteadOf": "{good}/"},
    {"url.{evil}/.pushInsteadOf": "{good}/"},
    {"include.path": "{more}"},
    {"includeIf.gitdir:/.path": "{more}"},
    {"extensions.worktreeConfig": "true", "url.{evil}/.insteadOf": "{good}"},
    {"http.proxy": "{evil}"},
    {"http.{good}.proxy": "{evil}"},
    {"remote.origin.proxy": "{evil}"},
    {"core.gitProxy": "{evil}"},
    {"http.followRedirects": "true"},
    {"remote.origin.vcs": "evil"},
    {"branch.main.remote": "{evil}", "remote.pushDefault": "{evil}"},
]


@pytest.mark.parametrize("config", LEADING_ELSEWHERE, ids=str)
def test_no_configuration_leads_to_another_server(
    tmp_path: Path, servers: Servers, config: Mapping[str, str]
) -> None:
    made = clone(tmp_path, servers, config)
    environ = {"AFT_GIT_TOKEN": TOKEN}
    remote = RemoteBranchRef(made.repository, remote="origin", branch="main", environ=environ)
    tip = remote.fetch()
    assert tip == git(servers.good.root / "repo.git", "rev-parse", "main")
    made.git("reset", "-q", "--hard", tip)
    remote.push(made.commit("more"), expected=tip)
    assert servers.evil.asked == []


def test_a_rewriting_of_the_users_own_counts(tmp_path: Path, servers: Servers) -> None:
    made = clone(tmp_path, servers, {})
    made.git("config", "remote.origin.url", "corp:repo.git")
    user = tmp_path / "user"
    user.mkdir()
    (user / ".gitconfig").write_text(f'[url "{servers.good.url}/"]\n\tinsteadOf = corp:\n')
    before = pygit2.settings.search_path[ConfigLevel.GLOBAL]
    pygit2.settings.search_path[ConfigLevel.GLOBAL] = str(user)
    try:
        address = address_of(made.repository.handle, "origin")
        assert address == f"{servers.good.url}/repo.git"
        environ = {"AFT_GIT_TOKEN": TOKEN}
        assert RefFetch(made.repository, remote="origin", environ=environ).fetch(
            {"refs/heads/main": "refs/remotes/origin/main"}
        )
    finally:
        pygit2.settings.search_path[ConfigLevel.GLOBAL] = before


def test_a_server_that_redirects_who_logs_in_gets_the_other_no_token(
    tmp_path: Path, servers: Servers
) -> None:
    made = clone(tmp_path, servers, {"http.followRedirects": "true"})

    def refuse(_password: str, _writes: bool) -> bool:
        servers.good.elsewhere = servers.evil.url
        return False

    servers.good.lets_in = refuse
    with pytest.raises(AftError):
        RefFetch(made.repository, remote="origin", environ={"AFT_GIT_TOKEN": TOKEN}).fetch(
            {"refs/heads/main": "refs/remotes/origin/main"}
        )
    assert servers.evil.offered == []


# --- programs ---------------------------------------------------------------------------------


PROGRAMS: list[Mapping[str, str]] = [
    {"core.hooksPath": "{hooks}"},
    {"core.fsmonitor": "{program}"},
    {"core.sshCommand": "{program}"},
    {"core.alternateRefsCommand": "{program}"},
    {"core.askPass": "{program}", "remote.origin.pushurl": "http://127.0.0.1:1/x"},
    {"credential.helper": "!{program}", "remote.origin.pushurl": "http://127.0.0.1:1/x"},
    {"core.gitProxy": "{program}", "remote.origin.pushurl": "git://127.0.0.1:1/x"},
    {"remote.origin.receivepack": "{program}"},
    {"remote.origin.uploadpack": "{program}"},
    {"remote.origin.pushurl": "ext::{program}"},
    {"url.ext::{program} .insteadOf": "{hosted}"},
    {"remote.origin.vcs": "evil"},
    {"push.gpgSign": "true", "gpg.program": "{program}"},
    {"gc.recentObjectsHook": "{program}", "gc.auto": "1"},
    {"push.recurseSubmodules": "on-demand", "submodule.recurse": "true"},
    {"filter.evil.clean": "{program}", "filter.evil.required": "true"},
    {"filter.evil.process": "{program}"},
    {"filter.ev=il.clean": "{program}"},
    {"diff.external": "{program}", "diff.evil.textconv": "{program}"},
    {"core.pager": "{program}", "core.editor": "{program}", "pager.status": "true"},
    {"alias.status": "!{program}", "alias.push": "!{program}", "alias.ls-files": "!{program}"},
]


@pytest.fixture
def hosted(tmp_path: Path) -> Path:
    return bare(tmp_path / "hosted.git")


@pytest.mark.parametrize("config", PROGRAMS, ids=str)
def test_no_program_that_the_configuration_names_is_started(
    tmp_path: Path, hosted: Path, config: Mapping[str, str]
) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "hooks" / "program"
    for name in (
        "program",
        "reference-transaction",
        "pre-push",
        "post-index-change",
        "pre-auto-gc",
    ):
        hook = program.with_name(name)
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho {name} >> {ran}\nexit 1\n")
        hook.chmod(0o755)
    made = Clone(tmp_path / "clone")
    made.write("aft.yaml")
    made.write("account-requests/a.yaml")
    made.write("customizations/b.sh")
    made.write(".gitattributes", "* filter=evil diff=evil\naft.yaml filter=ev=il\n")
    tip = made.commit()
    made.git("remote", "add", "origin", hosted)
    (made.path / ".git" / "objects" / "info" / "alternates").write_text(f"{hosted}/objects\n")
    here = {"hooks": str(program.parent), "program": str(program), "hosted": str(hosted)}
    for key, value in config.items():
        made.git("config", key.format_map(here), value.format_map(here))

    remote = RemoteBranchRef(made.repository, remote="origin", branch="ledger")
    try:
        remote.push(tip, expected=None)
        remote.fetch()
    except AftError:
        assert "remote.origin.pushurl" in config
    command = GitCommand(made.repository.git_dir, os.environ)
    assert command.create_ref("refs/heads/new", tip, message="made")
    command.try_push("origin", commit=tip, ref="refs/heads/other")
    (made.path / "account-requests" / "a.yaml").unlink()  # libgit2 leaves this to git
    made.write("aft.yaml", "y\n")
    made.write("customizations/b.sh", "y\n")
    status = worktree_status(made.repository)
    assert status.changed == {"aft.yaml", "customizations/b.sh"}
    assert status.deleted == {"account-requests/a.yaml"}
    assert not ran.exists(), ran.read_text()


def test_no_filter_of_a_repository_within_is_started(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    made = Clone(tmp_path / "clone")
    inner = Clone(made.path / "customizations" / "inner")
    inner.write("file")
    inner.write(".gitattributes", "* filter=evil\n")
    inner.commit()
    made.write("aft.yaml")
    made.git("add", "--all")
    made.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "inner")
    inner.git("config", "filter.evil.clean", f"touch {ran}")
    inner.git("config", "core.fsmonitor", f"touch {ran}")
    inner.write("file", "changed\n")
    (made.path / "aft.yaml").unlink()
    assert worktree_status(made.repository).deleted == {"aft.yaml"}
    assert not ran.exists()


# --- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com?@evil.example/x",
        "https://git.example.com#@evil.example/x",
        "https://evil.example?@git.example.com/x",
        "https://git.example.com@git.example.com@evil.example/x",
        "https://a:b@c@git.example.com/x",
        "https://git.example.com\\@evil.example/x",
        "https://git.example.com\t.evil.example/x",
        "https://git.example.com\n/x",
        "https://git.example.com%00.evil.example/x",
        "https://git.example.com%2fevil.example/x",
        "https://gıt.example.com/x",
        "https://git.example.com/\u212a",
        "https://\u212aernel.example/x",
        "https://git.e\u017fample.com/x",
        "https://git。example.com/x",
        "https://git.example.com,evil.example/x",
        "https://*.example.com/x",
        "https://[git.example.com/x",
        "https://[::1]git.example.com/x",
        "http://[::1].evil.example/x",
        "http://[127.0.0.1].evil.example/x",
        "http://[v1.x]/x",
        "https://git.example.com:99999/x",
        "https://git.example.com:4 43/x",
        "https:git.example.com/x",
        "https:///git.example.com/x",
        "//git.example.com/x",
        "ftp://git.example.com/x",
    ],
)
def test_an_address_that_two_parsers_may_read_differently_has_no_server(url: str) -> None:
    assert origin_of(url) is None


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://git.example.com/x", "git.example.com", 443),
        ("HTTPS://GIT.Example.COM:443/x", "git.example.com", 443),
        ("https://ada:p%40ss@git.example.com:8443/x", "git.example.com", 8443),
        ("https://git.example.com./x", "git.example.com.", 443),
        ("https://[2001:DB8::1]:8443/x", "2001:db8::1", 8443),
        ("https://xn--gt-jqa.example/x", "xn--gt-jqa.example", 443),
        ("https://org.visualstudio.com/a%20b/_git/x", "org.visualstudio.com", 443),
    ],
)
def test_the_server_of_an_address(url: str, host: str, port: int) -> None:
    assert origin_of(url) == Origin("https", host, port)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("git@git.example.com:x", "git.example.com"),
        ("ssh://git@git.example.com:22/x", "git.example.com"),
        ("git+ssh://git.example.com/x", "git.example.com"),
        ("ssh://git.example.com@evil.example/x", "evil.example"),
        ("ssh://git@git.example.com@evil.example/x", None),
        ("ssh://[git.example.com/x", None),
        ("ssh://git.example.com:pw@evil.example/x", "evil.example"),
        ("./git.example.com:x", None),
        ("evilssh://git.example.com/x", None),
    ],
)
def test_the_server_of_a_clone_over_ssh(url: str, host: str | None) -> None:
    found = _web_origin(url)
    assert (found and found.host) == host
