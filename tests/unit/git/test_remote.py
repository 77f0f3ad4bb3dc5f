from __future__ import annotations

import base64
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from builders_git import Clone, bare, clone_of, git
from git_server import GitServer, serving
from pygit2.enums import CredentialType

from aft.errors import AftError, Denied, Transient, UserError
from aft.git.command import is_local, is_ssh
from aft.git.credentials import Callbacks
from aft.git.errors import redacted, wire_error
from aft.git.wire import GitRemoteBranch, RemoteBranchRef, RemoteMoved
from aft.redaction import redact

TOKEN = "ghp_verySecret"


@pytest.fixture
def hosted(tmp_path: Path) -> Path:
    return bare(tmp_path / "served" / "repo.git")


@pytest.fixture
def server(hosted: Path) -> Iterator[GitServer]:
    with serving(hosted.parent) as served:
        yield served


@pytest.fixture
def author(tmp_path: Path, hosted: Path) -> Clone:
    """Somebody who pushes to the bare repository directly."""
    return clone_of(hosted, tmp_path / "author")


@pytest.fixture
def worker(tmp_path: Path, server: GitServer) -> Clone:
    return clone_of(f"{server.url}/repo.git", tmp_path / "worker")


def branch(
    clone: Clone,
    remote: str = "origin",
    name: str = "main",
    environ: Mapping[str, str] | None = None,
) -> GitRemoteBranch:
    return GitRemoteBranch(clone.repository, remote=remote, branch=name, environ=environ or {})


def push(clone: Clone) -> str:
    made = clone.commit()
    clone.git("push", "-q", "origin", "HEAD:main")
    return made


# --- fetching ---------------------------------------------------------------------------------


def test_the_tip_follows_the_remote_over_http(author: Clone, worker: Clone) -> None:
    watched = branch(worker)
    first = push(author)
    assert watched.fetch() == first
    assert watched.fetch() == first
    second = push(author)
    assert watched.fetch() == second
    assert worker.git("rev-parse", "refs/remotes/origin/main") == second
    assert worker.git("cat-file", "-t", second) == "commit"


def test_a_forced_push_is_followed_too(author: Clone, worker: Clone) -> None:
    watched = branch(worker)
    first = push(author)
    push(author)
    watched.fetch()
    author.git("push", "-qf", "origin", f"{first}:main")
    assert watched.fetch() == first


@pytest.mark.parametrize(
    "form", ["{}", "file://{}", "http://127.0.0.1:1/{}", "git@h:{}", "ext::{}"]
)
def test_a_remote_is_a_configured_name_and_no_address(
    author: Clone, tmp_path: Path, form: str
) -> None:
    push(author)
    address = form.format(tmp_path / "served" / "repo.git")
    with pytest.raises(UserError, match="there is no remote"):
        branch(Clone(tmp_path / "other"), remote=address)


def test_a_branch_that_is_not_there(author: Clone, worker: Clone) -> None:
    push(author)
    with pytest.raises(UserError, match="has no branch 'production'"):
        branch(worker, name="production").fetch()


def test_a_remote_that_is_not_configured(worker: Clone) -> None:
    with pytest.raises(UserError, match=r"no remote 'upstream'.*origin"):
        branch(worker, remote="upstream")


def test_a_path_that_is_no_repository(worker: Clone, tmp_path: Path) -> None:
    worker.git("remote", "add", "gone", f"file://{tmp_path}/nowhere")
    with pytest.raises(UserError, match="cannot fetch from"):
        branch(worker, remote="gone").fetch()


def test_a_server_that_is_down_may_come_back(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    clone = clone_of(f"http://127.0.0.1:{port}/repo.git", tmp_path / "clone")
    with pytest.raises(Transient, match="cannot fetch from"):
        branch(clone).fetch()


@pytest.mark.parametrize(
    ("status", "expected"), [(500, Transient), (503, Transient), (403, Denied), (404, UserError)]
)
def test_a_servers_answers_are_sorted_by_what_to_do(
    worker: Clone, server: GitServer, status: int, expected: type[AftError]
) -> None:
    server.status = status
    with pytest.raises(expected) as caught:
        branch(worker).fetch()
    assert type(caught.value) is expected
    assert caught.value.hint


# --- credentials ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "user"),
    [
        ({"AFT_GIT_TOKEN": TOKEN}, "x-access-token"),
        ({"GITHUB_TOKEN": TOKEN, "GITHUB_SERVER_URL": "http://127.0.0.1"}, "x-access-token"),
        ({"AFT_GIT_TOKEN": "stale", "GITHUB_TOKEN": TOKEN, "GITHUB_SERVER_URL": "http://127.0.0.1"},
         "x-access-token"),
    ],
)  # fmt: skip
def test_a_token_of_the_environment_opens_the_door(
    author: Clone, worker: Clone, server: GitServer, environ: dict[str, str], user: str
) -> None:
    made = push(author)
    server.password = TOKEN
    here = {key: value.replace("http://127.0.0.1", server.url) for key, value in environ.items()}
    assert branch(worker, environ=here).fetch() == made
    assert user in server.seen


def test_a_user_and_password_in_the_url_open_the_door(
    author: Clone, server: GitServer, tmp_path: Path
) -> None:
    made = push(author)
    server.password = TOKEN
    url = server.url.replace("//", f"//ada:{TOKEN}@") + "/repo.git"
    assert branch(clone_of(url, tmp_path / "with-password")).fetch() == made
    assert server.seen[-1] == "ada"


def test_the_users_name_in_the_url_goes_with_the_token(
    author: Clone, server: GitServer, tmp_path: Path
) -> None:
    made = push(author)
    server.password = TOKEN
    clone = clone_of(server.url.replace("//", "//ada@") + "/repo.git", tmp_path / "with-user")
    assert branch(clone, environ={"AFT_GIT_TOKEN": TOKEN}).fetch() == made
    assert server.seen[-1] == "ada"


def test_what_the_checkout_action_leaves_behind_opens_the_door(
    author: Clone, worker: Clone, server: GitServer
) -> None:
    made = push(author)
    server.password = TOKEN
    basic = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    worker.git("config", f"http.{server.url}/.extraheader", f"AUTHORIZATION: basic {basic}")
    assert branch(worker).fetch() == made


def test_githubs_token_goes_to_github_alone(worker: Clone, server: GitServer) -> None:
    server.password = TOKEN
    with pytest.raises(Denied):
        branch(worker, environ={"GITHUB_TOKEN": TOKEN}).fetch()
    assert not server.seen


@pytest.mark.parametrize("environ", [{}, {"AFT_GIT_TOKEN": "ghp_wrong"}])
def test_being_refused_says_what_to_set_and_no_secret(
    server: GitServer, tmp_path: Path, environ: dict[str, str]
) -> None:
    server.password = TOKEN
    url = server.url.replace("//", "//ada:hunter2@") + "/repo.git"
    with pytest.raises(Denied) as caught:
        branch(clone_of(url, tmp_path / "clone"), environ=environ).fetch()
    said = f"{caught.value} {caught.value.hint} {caught.value.__cause__!r}"
    assert "AFT_GIT_TOKEN" in said
    assert "hunter2" not in said
    assert "ghp_wrong" not in said


HERE = "https://git.example.com/acme/accounts.git"


def offers(
    tmp_path: Path,
    *,
    origin: str = HERE,
    to: str = "",
    environ: Mapping[str, str] | None = None,
    config: Mapping[str, str] | None = None,
) -> list[str]:
    """The secrets that are offered when ``to`` asks while the remote ``origin`` is talked to."""
    clone = Clone(tmp_path / "clone")
    clone.git("remote", "add", "origin", origin)
    for key, value in (config or {}).items():
        clone.git("config", key, value)
    return secrets(Callbacks(clone.repository.handle, environ or {}, url=origin), to or origin)


def secrets(callbacks: Callbacks, url: str) -> list[str]:
    """What is offered until nothing is left."""
    found = []
    while True:
        try:
            offer = callbacks.credentials(url, None, CredentialType.USERPASS_PLAINTEXT)
        except Denied:
            return found
        found.append(offer.credential_tuple[1])


@pytest.mark.parametrize(
    ("url", "is_sent"),
    [
        ("https://git.example.com/x.git", True),
        ("http://127.0.0.1:8080/x.git", True),
        ("http://git.example.com/x.git", False),
        ("http://127.0.0.1.example.com/x.git", False),
    ],
)
def test_a_token_never_crosses_the_network_in_the_clear(
    tmp_path: Path, *, url: str, is_sent: bool
) -> None:
    found = offers(tmp_path, origin=url, environ={"AFT_GIT_TOKEN": TOKEN})
    assert found == ([TOKEN] if is_sent else [])


OTHER_SERVERS = [
    "https://git.example.com.evil.example/acme/accounts.git",
    "https://git.example.com@evil.example/acme/accounts.git",
    "https://git.example.com:pw@evil.example/acme/accounts.git",
    "https://git.example.com\\@evil.example/acme/accounts.git",
    "https://git.example.com:8443/acme/accounts.git",
    "https://evil.example/git.example.com/acme/accounts.git",
    "https://evil.example#@git.example.com/acme/accounts.git",
    "https://agit.example.com/acme/accounts.git",
    "https://git.example.com%2eevil.example/acme/accounts.git",
    "https://git.example.com:x/acme/accounts.git",
    "http://git.example.com/acme/accounts.git",
    "http://127.0.0.1/acme/accounts.git",
]
BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
SECRETS = {
    "AFT_GIT_TOKEN": TOKEN,
    "GITHUB_TOKEN": TOKEN,
    "GITHUB_SERVER_URL": "https://git.example.com",
}
EXTRA_HEADER = {"http.https://git.example.com/.extraheader": f"AUTHORIZATION: basic {BASIC}"}


def test_each_source_is_offered_to_its_own_server(tmp_path: Path) -> None:
    assert offers(tmp_path, environ=SECRETS, config=EXTRA_HEADER) == [TOKEN] * 3


def test_what_is_offered_is_held_by_the_gate_also_as_a_header_has_it(tmp_path: Path) -> None:
    plain = "a-password-of-a-clone"
    encoded = base64.b64encode(f"ada:{plain}".encode()).decode()
    header = {"http.https://git.example.com/.extraheader": f"AUTHORIZATION: basic {encoded}"}
    assert offers(tmp_path, config=header) == [plain]
    assert redact(f"{plain} and {encoded}") == "*** and ***"


@pytest.mark.parametrize("url", OTHER_SERVERS)
def test_no_secret_goes_to_where_a_server_redirects(tmp_path: Path, url: str) -> None:
    origin = HERE.replace("//", f"//ada:{TOKEN}@")
    assert offers(tmp_path, origin=origin, to=url, environ=SECRETS, config=EXTRA_HEADER) == []


@pytest.mark.parametrize("url", OTHER_SERVERS)
def test_no_secret_goes_to_another_remote(tmp_path: Path, url: str) -> None:
    """Named in aft.yaml by a merged line, or configured by whoever prepared the clone."""
    clone = Clone(tmp_path / "clone")
    clone.git("remote", "add", "origin", HERE)
    clone.git("remote", "add", "other", url)
    for key, value in EXTRA_HEADER.items():
        clone.git("config", key, value)
    assert TOKEN not in secrets(Callbacks(clone.repository.handle, SECRETS, url=url), url)


@pytest.mark.parametrize(
    ("origin", "named", "is_sent"),
    [
        ("git@git.example.com:acme/accounts.git", "", True),
        ("ssh://git@git.example.com:2222/acme/accounts.git", "", True),
        ("git@github.com:acme/accounts.git", "", False),
        ("git@github.com:acme/accounts.git", "git.example.com", True),
        (HERE, "github.com", False),
        (HERE, "git.example.com:8443", False),
    ],
)
def test_the_token_belongs_to_the_server_of_the_clone_or_to_the_one_named(
    tmp_path: Path, *, origin: str, named: str, is_sent: bool
) -> None:
    clone = Clone(tmp_path / "clone")
    clone.git("remote", "add", "origin", origin)
    clone.git("remote", "add", "ledger", HERE)
    environ = {"AFT_GIT_TOKEN": TOKEN, **({"AFT_GIT_TOKEN_HOST": named} if named else {})}
    found = secrets(Callbacks(clone.repository.handle, environ, url=HERE), HERE)
    assert found == ([TOKEN] if is_sent else [])


@pytest.mark.parametrize(
    "named",
    ["https://git.example.com", "git.example.com/acme", "ada@git.example.com", "git:x", "ü"],
)
def test_the_servers_name_alone_is_given(tmp_path: Path, named: str) -> None:
    environ = {"AFT_GIT_TOKEN": TOKEN, "AFT_GIT_TOKEN_HOST": named}
    with pytest.raises(UserError, match="AFT_GIT_TOKEN_HOST is no HOST"):
        offers(tmp_path, environ=environ)


@pytest.mark.parametrize(
    ("scope", "is_sent"),
    [
        ("https://git.example.com", True),
        ("https://git.example.com:443/acme/", True),
        ("https://git.example.com/acme/accounts.git", True),
        ("https://git.example.com/ac", False),
        ("https://git.example.com/acme/accounts", False),
        ("https://git.example.co", False),
        ("https://ada@git.example.com/", False),
        ("http://git.example.com/", False),
    ],
)
def test_a_configured_header_is_for_its_address_and_what_is_below(
    tmp_path: Path, *, scope: str, is_sent: bool
) -> None:
    config = {f"http.{scope}.extraheader": f"AUTHORIZATION: basic {BASIC}"}
    assert offers(tmp_path, config=config) == ([TOKEN] if is_sent else [])


def test_a_server_that_redirects_to_another_gets_that_one_no_token(
    worker: Clone, server: GitServer, tmp_path: Path
) -> None:
    bare(tmp_path / "evil" / "repo.git")
    with serving(tmp_path / "evil") as evil:
        evil.password = "anything"
        server.elsewhere = evil.url
        with pytest.raises(AftError):
            branch(worker, environ={"AFT_GIT_TOKEN": TOKEN}).fetch()
        assert evil.offered == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("core.hooksPath", "{hooks}"),
        ("core.fsmonitor", "{hook}"),
        ("remote.origin.receivepack", "{hook}"),
        ("remote.origin.uploadpack", "{hook}"),
        ("core.sshCommand", "{hook}"),
    ],
)
def test_no_program_of_the_repositorys_own_configuration_is_started(
    author: Clone, hosted: Path, tmp_path: Path, key: str, value: str
) -> None:
    """A push to a path goes through the git command."""
    ran = tmp_path / "ran"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "pre-push", "program"):
        hook = hooks / name
        hook.write_text(f"#!/bin/sh\ntouch {ran}\nexit 0\n")
        hook.chmod(0o755)
    made = author.commit()
    author.git("config", key, value.format(hooks=hooks, hook=hooks / "program"))
    remote = RemoteBranchRef(author.repository, remote="origin", branch="ledger")
    remote.push(made, expected=None)
    assert git(hosted, "rev-parse", "ledger") == made
    assert not ran.exists()


def test_a_host_key_or_certificate_that_is_not_trusted_is_refused(tmp_path: Path) -> None:
    callbacks = Callbacks(Clone(tmp_path / "clone").repository.handle, {}, url=HERE)
    assert callbacks.certificate_check(None, True, b"example.com")
    with pytest.raises(Denied, match=r"example\.com is not trusted"):
        callbacks.certificate_check(None, False, b"example.com")


def test_urls_lose_their_secrets() -> None:
    assert redacted("see https://ada:pw@example.com/x and ssh://git@h/x") == (
        "see https://example.com/x and ssh://h/x"
    )
    error = wire_error(OSError("boom at https://t@h/x"), doing="push to", url="https://t@h/x")
    assert "t@" not in error.message


# --- pushing ----------------------------------------------------------------------------------


def wire(clone: Clone) -> RemoteBranchRef:
    return RemoteBranchRef(clone.repository, remote="origin", branch="ledger", environ={})


def test_a_push_moves_the_branch_from_where_it_was(worker: Clone, server: GitServer) -> None:
    one, two = worker.commit("1"), worker.commit("2")
    remote = wire(worker)
    remote.push(one, expected=None)
    remote.push(two, expected=one)
    assert git(server.root / "repo.git", "rev-parse", "ledger") == two
    assert remote.last_seen() == two


def test_a_push_onto_a_moved_branch_is_noticed(
    worker: Clone, author: Clone, server: GitServer
) -> None:
    one = worker.commit("1")
    wire(worker).push(one, expected=None)
    author.commit("elsewhere")
    author.git("push", "-qf", "origin", "HEAD:ledger")
    elsewhere = author.git("rev-parse", "HEAD")
    for expected in (one, None):
        with pytest.raises(RemoteMoved):
            wire(worker).push(worker.commit("2"), expected=expected)
    assert git(server.root / "repo.git", "rev-parse", "ledger") == elsewhere


def test_a_branch_that_was_rewound_or_deleted_is_noticed_too(
    worker: Clone, server: GitServer
) -> None:
    """Neither is a loss to git, which would just move the branch."""
    one, two, three = (worker.commit(name) for name in "123")
    remote = wire(worker)
    remote.push(one, expected=None)
    remote.push(two, expected=one)
    for command in (("refs/heads/ledger", one), ("-d", "refs/heads/ledger")):
        git(server.root / "repo.git", "update-ref", *command)
        with pytest.raises(RemoteMoved):
            remote.push(three, expected=two)


def test_a_hook_that_declines_is_noticed_and_quoted(worker: Clone, server: GitServer) -> None:
    hook = server.root / "repo.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Denied, match="pre-receive hook declined") as caught:
        wire(worker).push(worker.commit("1"), expected=None)
    assert "protection" in caught.value.hint
    assert git(server.root / "repo.git", "branch", "--list") == ""


def test_a_branch_that_vanished_is_forgotten_here(worker: Clone, server: GitServer) -> None:
    one = worker.commit("1")
    remote = wire(worker)
    remote.push(one, expected=None)
    git(server.root / "repo.git", "update-ref", "-d", "refs/heads/ledger")
    assert remote.fetch() is None
    assert remote.last_seen() is None
    remote.push(one, expected=None)
    assert git(server.root / "repo.git", "rev-parse", "ledger") == one


# --- ssh --------------------------------------------------------------------------------------


@pytest.fixture
def over_ssh(tmp_path: Path, hosted: Path) -> tuple[Clone, dict[str, str]]:
    """A clone whose origin is an ssh URL; "ssh" runs what it is asked to on this machine."""
    script = tmp_path / "ssh"
    script.write_text('#!/bin/sh\nfor last; do :; done\n[ -e "$0.down" ] && exit 255\n'
                      'echo "$last" >> "$0.log"\nexec sh -c "$last"\n')  # fmt: skip
    script.chmod(0o755)
    clone = clone_of(f"ssh://git@host.example{hosted}", tmp_path / "over-ssh")
    environ = {
        "PATH": os.environ["PATH"],
        "GIT_SSH_COMMAND": str(script),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    return clone, environ


def test_a_branch_is_fetched_over_ssh(
    author: Clone, over_ssh: tuple[Clone, dict[str, str]], tmp_path: Path
) -> None:
    clone, environ = over_ssh
    first = push(author)
    assert branch(clone, environ=environ).fetch() == first
    second = push(author)
    assert branch(clone, environ=environ).fetch() == second
    assert "git-upload-pack" in (tmp_path / "ssh.log").read_text()
    with pytest.raises(UserError, match="has no branch 'absent'"):
        branch(clone, name="absent", environ=environ).fetch()


def test_a_push_over_ssh_is_a_compare_and_swap_too(
    author: Clone, over_ssh: tuple[Clone, dict[str, str]], hosted: Path
) -> None:
    clone, environ = over_ssh
    remote = RemoteBranchRef(clone.repository, remote="origin", branch="ledger", environ=environ)
    one, two, three = (clone.commit(name) for name in "123")
    remote.push(one, expected=None)
    with pytest.raises(RemoteMoved):
        remote.push(two, expected=None)
    remote.push(two, expected=one)
    author.commit("elsewhere")
    author.git("push", "-qf", "origin", "HEAD:ledger")
    with pytest.raises(RemoteMoved):
        remote.push(three, expected=two)
    assert git(hosted, "rev-parse", "ledger") == author.git("rev-parse", "HEAD")
    assert remote.fetch() == author.git("rev-parse", "HEAD")


def test_a_hook_that_declines_over_ssh_is_quoted(
    over_ssh: tuple[Clone, dict[str, str]], hosted: Path
) -> None:
    clone, environ = over_ssh
    hook = hosted / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    remote = RemoteBranchRef(clone.repository, remote="origin", branch="ledger", environ=environ)
    with pytest.raises(Denied, match="pre-receive hook declined"):
        remote.push(clone.commit("1"), expected=None)
    assert git(hosted, "branch", "--list") == ""


def test_ssh_that_cannot_connect_may_later(
    over_ssh: tuple[Clone, dict[str, str]], tmp_path: Path
) -> None:
    clone, environ = over_ssh
    (tmp_path / "ssh.down").touch()
    with pytest.raises(AftError) as caught:
        branch(clone, environ=environ).fetch()
    assert isinstance(caught.value, Transient)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("ssh://git@github.com/o/r.git", "ssh"),
        ("git@github.com:o/r.git", "ssh"),
        ("github:o/r.git", "ssh"),
        ("https://github.com/o/r.git", ""),
        ("http://127.0.0.1:80/r.git", ""),
        ("file:///srv/r.git", "local"),
        ("/srv/r.git", "local"),
        ("../r.git", "local"),
        ("./a:b", "local"),
        ("C:/repos/r.git", "local"),
    ],
)
def test_what_kind_of_url_it_is(url: str, kind: str) -> None:
    assert (is_ssh(url), is_local(url)) == (kind == "ssh", kind == "local")


def test_pushing_to_a_path_needs_git(author: Clone, tmp_path: Path) -> None:
    remote = RemoteBranchRef(
        author.repository, remote="origin", branch="ledger", environ={"PATH": str(tmp_path)}
    )
    with pytest.raises(UserError, match="needs the git command"):
        remote.push(author.commit(), expected=None)


def test_a_push_to_a_path_never_overwrites_another(hosted: Path, tmp_path: Path) -> None:
    """What was accepted is in the branch, however many push at the same time."""
    clones = [clone_of(hosted, tmp_path / f"clone-{number}") for number in range(3)]
    tree = clones[0].empty_tree()
    start = threading.Barrier(3)

    def land_six(number: int) -> list[str]:
        clone, remote, landed = clones[number], wire(clones[number]), []
        clone.empty_tree()
        start.wait()
        while len(landed) < 6:
            tip = remote.fetch()
            made = clone.commit_object(tree, tip, f"{number}-{len(landed)}")
            try:
                remote.push(made, expected=tip)
            except RemoteMoved:
                continue
            landed.append(made)
        return landed

    with ThreadPoolExecutor(3) as pool:
        landed = {commit for commits in pool.map(land_six, range(3)) for commit in commits}
    assert landed == set(git(hosted, "rev-list", "ledger").split())
