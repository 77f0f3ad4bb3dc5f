"""The client against the local GitHub, on a clock where waiting costs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from builders_github_api import REPOSITORY, client_of
from fakes.clocks import SteppingClock
from github_server import Fault, GitHubServer

from aft.errors import (
    AftError,
    Conflict,
    Denied,
    NotFound,
    Terminal,
    Throttled,
    Transient,
    UnknownOutcome,
    UserError,
)
from aft.forge.port import issue_thread
from aft.github.address import ApiAddress
from aft.github.client import GitHubClient, Token
from aft.github.errors import words_of
from aft.github.forge import GitHubForge
from aft.github.wire import HttpWire, Request, Response


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def github(clock: SteppingClock) -> Iterator[GitHubServer]:
    with GitHubServer(REPOSITORY, now=clock.now) as server:
        yield server


@pytest.fixture
def client(github: GitHubServer, clock: SteppingClock) -> GitHubClient:
    return client_of(github, clock=clock)


def opened(client: GitHubClient, title: str = "T") -> int:
    return GitHubForge(client).create_issue(title=title, body="b", label="l").number


# --- pages ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 100, 101, 250])
def test_every_page_is_read_once(github: GitHubServer, client: GitHubClient, number: int) -> None:
    issue = github.open_issue("T")
    for index in range(number):
        github.comment(issue.number, str(index))
    bodies = [comment.body for comment in GitHubForge(client).comments(issue_thread(issue.number))]
    assert bodies == [str(index) for index in range(number)]
    assert len(github.seen) == max(1, -(-number // 100))


def test_too_many_are_an_error_not_a_part(github: GitHubServer, client: GitHubClient) -> None:
    issue = github.open_issue("T")
    for index in range(120):
        github.comment(issue.number, str(index))
    pages = client.pages(f"/issues/{issue.number}/comments", needs="x", at_most=110)
    with pytest.raises(Terminal, match="more than 110"):
        list(pages)


# --- failures that pass -----------------------------------------------------------------


@pytest.mark.parametrize("kind", [500, 502, 503, "drop", "lose"])
def test_reads_are_tried_again(
    github: GitHubServer, client: GitHubClient, clock: SteppingClock, kind: int | str
) -> None:
    issue = github.open_issue("T")
    github.faults += [Fault(kind, "/comments") for _ in range(3)]
    assert GitHubForge(client).comments(issue_thread(issue.number)) == ()
    assert clock.monotonic() == 1 + 2 + 4


def test_reads_are_given_up_after_five_tries(
    github: GitHubServer, client: GitHubClient, clock: SteppingClock
) -> None:
    issue = github.open_issue("T")
    github.faults += [Fault(502, "/comments") for _ in range(9)]
    with pytest.raises(Transient, match=r"GET .*/issues/1/comments failed: Server Error \[502\]"):
        GitHubForge(client).comments(issue_thread(issue.number))
    assert len(github.seen) == 5
    assert clock.monotonic() == 1 + 2 + 4 + 8


@pytest.mark.parametrize("kind", [500, "drop", "lose"])
def test_writes_that_may_have_happened_are_not_repeated(
    github: GitHubServer, client: GitHubClient, kind: int | str
) -> None:
    issue = github.open_issue("T")
    github.faults.append(Fault(kind, "/comments"))
    with pytest.raises(UnknownOutcome, match="may or may not have happened"):
        GitHubForge(client).create_comment(issue_thread(issue.number), "b")
    assert len(github.seen) == 1


def test_changing_a_comment_twice_is_the_same_as_once(
    github: GitHubServer, client: GitHubClient
) -> None:
    issue = github.open_issue("T")
    comment = GitHubForge(client).create_comment(issue_thread(issue.number), "b")
    github.faults.append(Fault("lose", "/comments", "PATCH"))
    assert GitHubForge(client).update_comment(comment, "new").body == "new"
    assert github.state.bodies(issue.number) == ["new"]


def test_server_that_is_not_there(clock: SteppingClock) -> None:
    with GitHubServer(REPOSITORY) as gone:
        client = client_of(gone, clock=clock)
    with pytest.raises(Transient, match=r"no answer from 127\.0\.0\.1"):
        GitHubForge(client).create_issue(
            title="T", body="b", label="l"
        )  # never sent, so it may be repeated


# --- rate limits ------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 429])
def test_primary_limit_is_waited_for(
    github: GitHubServer, client: GitHubClient, clock: SteppingClock, status: int
) -> None:
    github.limits.primary, github.limits.window, github.limits.status = 3, 300, status
    for index in range(5):
        opened(client, f"T{index}")
    assert 300 <= clock.monotonic() <= 302
    assert github.limits.ignored == 0
    assert len(github.state.issues) == 5


@pytest.mark.parametrize("says_retry_after", [True, False])
def test_secondary_limit_is_waited_for(
    github: GitHubServer, client: GitHubClient, clock: SteppingClock, says_retry_after: bool
) -> None:
    """Without Retry-After: a minute at least, longer each time."""
    github.limits.says_retry_after = says_retry_after
    github.limits.slow_down(100)
    opened(client)
    assert clock.monotonic() == (100 if says_retry_after else 60 + 120)
    assert github.limits.ignored == 0
    assert len(github.state.issues) == 1


def test_limit_beyond_the_deadline_is_an_error_at_once(
    github: GitHubServer, clock: SteppingClock
) -> None:
    client = client_of(github, clock=clock, patience=120)
    github.limits.slow_down(1000)
    with pytest.raises(Throttled, match="secondary rate limit") as caught:
        opened(client)
    assert caught.value.retry_after == 1000
    assert clock.monotonic() == 0


def test_deadline_is_for_the_whole_command(github: GitHubServer, clock: SteppingClock) -> None:
    client = client_of(github, clock=clock, patience=120)
    for _ in range(2):
        github.limits.slow_down(50)
        opened(client)
    github.limits.slow_down(50)
    with pytest.raises(Throttled):
        opened(client)
    assert clock.monotonic() == 100


def test_missing_permission_is_not_taken_for_a_limit(
    github: GitHubServer, clock: SteppingClock
) -> None:
    client = client_of(github, clock=clock, permissions={"issues": "read"})
    with pytest.raises(Denied, match="not accessible by integration"):
        opened(client)
    assert (clock.monotonic(), len(github.seen)) == (0, 1)


# --- refusals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, Denied),
        (403, Denied),
        (404, NotFound),
        (409, Conflict),
        (410, NotFound),
        (422, Terminal),
        (451, Terminal),
    ],
)
def test_refusals_are_told_apart(
    github: GitHubServer, client: GitHubClient, status: int, error: type[AftError]
) -> None:
    github.faults.append(Fault(status))
    with pytest.raises(error, match=rf"\[{status}\]") as caught:
        opened(client)
    assert type(caught.value) is error
    assert len(github.seen) == 1


def test_hint_names_the_permission(github: GitHubServer) -> None:
    with pytest.raises(Denied) as caught:
        opened(client_of(github, permissions={"contents": "read"}))
    assert "`permissions: {issues: write}`" in caught.value.hint
    assert "issues=write" in caught.value.hint


def test_validation_errors_are_repeated_in_words(
    github: GitHubServer, client: GitHubClient
) -> None:
    issue = github.open_issue("T")
    with pytest.raises(Terminal, match="body is too long") as caught:
        GitHubForge(client).create_comment(issue_thread(issue.number), "x" * 65_537)
    assert caught.value.code == "422"


def test_single_sign_on_is_named(github: GitHubServer, client: GitHubClient) -> None:
    github.faults.append(Fault(403, headers={"X-GitHub-SSO": "required; url=https://x"}))
    with pytest.raises(Denied) as caught:
        opened(client)
    assert "single sign-on" in caught.value.hint


def test_token_that_may_not_see_the_repository_gets_404(github: GitHubServer) -> None:
    client = client_of(github, token=github.token({"issues": "read"}, sees=False))
    with pytest.raises(NotFound) as caught:
        GitHubForge(client).open_issues("x")
    assert "token" in caught.value.hint


def test_words_of_an_error_are_one_plain_line() -> None:
    body = '{"message": "a\\n::error::b\\u202e\\u001b[31m", "errors": ["c", {"message": "d"}, 3]}'
    assert words_of(body.encode()) == "a ::error::b⟨U+202E⟩⟨U+001B⟩[31m; c; d; 3"
    assert len(words_of(b'{"message": "' + b"x" * 9999 + b'"}')) < 600
    for odd in (b"", b"[]", b"<html>", b'{"errors": "x"}', b"[" * 99_999):
        assert words_of(odd) == ""


# --- what comes over the wire -----------------------------------------------------------


def test_answer_that_is_no_json(github: GitHubServer, client: GitHubClient) -> None:
    github.faults.append(Fault("garble"))
    with pytest.raises(Terminal, match="not JSON"):
        opened(client)


def test_flood_is_cut_off(github: GitHubServer, client: GitHubClient) -> None:
    github.faults.append(Fault("flood"))
    with pytest.raises(Terminal, match="larger than 33,554,432 bytes"):
        GitHubForge(client).open_issues("x")


def test_enterprise_server_below_a_path() -> None:
    with GitHubServer(REPOSITORY, prefix="/api/v3") as github:
        client = client_of(github)
        issue = GitHubForge(client).create_issue(title="T", body="b", label="l")
        for index in range(120):
            github.comment(issue.number, str(index))
        assert len(GitHubForge(client).comments(issue_thread(issue.number))) == 120
        assert {item.split()[1][:7] for item in github.seen} == {"/api/v3"}


def test_requests_carry_version_agent_and_token(github: GitHubServer) -> None:
    wire = _Recorded([Response(200, {}, b"[]")])
    GitHubForge(client_of(github, wire=wire, token="s3cret")).open_issues("a b&c")
    (request,) = wire.sent
    assert request.headers["Authorization"] == "Bearer s3cret"
    assert request.headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert request.headers["User-Agent"].startswith("aft/")
    assert "labels=a+b%26c" in request.url


def test_token_is_in_no_repr_and_no_message(github: GitHubServer, clock: SteppingClock) -> None:
    secret = "ghs_" + "secret" * 6
    client = client_of(github, clock=clock, token=secret)
    assert secret not in repr(client) + repr(vars(client)) + str(Token(secret)) + repr(Token("x"))
    for faults in ([], [Fault(500)] * 5, [Fault("drop")] * 5, [Fault("garble")]):
        github.faults[:] = list(faults)
        with pytest.raises(AftError) as caught:
            GitHubForge(client).open_issues("x")
        shown = f"{caught.value} {caught.value.hint} {caught.value.__cause__!r}"
        assert secret not in shown


# --- redirects --------------------------------------------------------------------------


@dataclass
class _Recorded:
    """A wire that answers with what it was given."""

    answers: list[Response]
    sent: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        return self.answers.pop(0)


def _moved(to: str, status: int = 301) -> Response:
    return Response(status, {"location": to}, b"")


def _enterprise(answers: Sequence[Response]) -> tuple[GitHubClient, _Recorded]:
    wire = _Recorded(list(answers))
    client = GitHubClient(
        address=ApiAddress.parse("https://ghe.example.com/api/v3"),
        repository=REPOSITORY,
        token=Token("s3cret"),
        clock=SteppingClock(),
        wire=wire,
    )
    return client, wire


@pytest.mark.parametrize(
    "to",
    ["https://ghe.example.com/api/v3/repositories/7/issues", "/api/v3/repositories/7/issues"],
)
def test_renamed_repository_is_followed_on_the_same_host(to: str) -> None:
    client, wire = _enterprise([_moved(to), Response(200, {}, b"[]")])
    assert GitHubForge(client).open_issues("x") == ()
    assert wire.sent[1].url == "https://ghe.example.com/api/v3/repositories/7/issues"


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example.com/api/v3/x",
        "http://ghe.example.com/api/v3/x",
        "https://ghe.example.com:444/api/v3/x",
        "https://ghe.example.com.evil.example.com/x",
        "//evil.example.com/x",
        "https://ghe.example.com:x/",
    ],
)
def test_token_never_follows_to_another_origin(to: str) -> None:
    client, wire = _enterprise([_moved(to, 302)])
    with pytest.raises(Terminal, match="another host"):
        GitHubForge(client).open_issues("x")
    assert len(wire.sent) == 1


def test_next_page_on_another_host_is_not_asked() -> None:
    link = {"link": '<https://evil.example.com/2>; rel="next"'}
    client, wire = _enterprise([Response(200, link, b"[]")])
    with pytest.raises(Terminal, match="another host"):
        GitHubForge(client).open_issues("x")
    assert len(wire.sent) == 1


def test_pages_that_do_not_end_are_left() -> None:
    again = {"link": '<https://ghe.example.com/api/v3/x?page=2>; rel="next"'}
    client, wire = _enterprise([Response(200, again, b"[]")] * 100)
    with pytest.raises(Terminal, match="do not end"):
        GitHubForge(client).open_issues("x")
    assert len(wire.sent) < 100


def test_redirects_in_a_circle_end() -> None:
    to = "https://ghe.example.com/api/v3/x"
    client, wire = _enterprise([_moved(to)] * 9)
    with pytest.raises(Terminal, match="redirects too often"):
        GitHubForge(client).open_issues("x")
    assert len(wire.sent) == 4


def test_download_goes_elsewhere_without_the_token() -> None:
    blob = "https://blobs.example.net/a.zip?sig=hush"
    client, wire = _enterprise([_moved(blob, 302), Response(200, {}, b"PK")])
    assert client.download("/actions/artifacts/1/zip", needs="actions: read", limit=10) == b"PK"
    api, storage = wire.sent
    assert "Authorization" in api.headers
    assert "Authorization" not in storage.headers
    assert storage.limit == 10


@pytest.mark.parametrize(
    "to", ["http://blobs.example.net/a.zip", "file:///etc/passwd", "", "ftp://x/y"]
)
def test_download_from_an_unsafe_place_is_refused(to: str) -> None:
    client, wire = _enterprise([_moved(to, 302)])
    with pytest.raises(Terminal, match="where to download it"):
        client.download("/actions/artifacts/1/zip", needs="actions: read", limit=10)
    assert len(wire.sent) == 1


def test_signature_of_a_download_is_in_no_message() -> None:
    blob = "https://blobs.example.net/a.zip?sig=hush"
    client, _ = _enterprise([_moved(blob, 302), Response(403, {}, b"<Error/>")])
    with pytest.raises(Denied) as caught:
        client.download("/actions/artifacts/1/zip", needs="actions: read", limit=10)
    assert "hush" not in f"{caught.value} {caught.value.hint}"


# --- addresses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "http://api.github.com",
        "ftp://api.github.com",
        "api.github.com",
        "https://",
        "https://user:password@host/api/v3",
        "https://host/api?x=1",
        "https://host/#x",
        "http://127.0.0.1.evil.example.com",
    ],
)
def test_addresses_that_get_no_token(text: str) -> None:
    with pytest.raises(UserError, match="GitHub's API"):
        ApiAddress.parse(text)


def test_address_may_end_with_a_slash() -> None:
    assert ApiAddress.parse("https://host/api/v3/").url("/user") == "https://host/api/v3/user"


def test_wire_limits_an_answer_that_says_its_size(github: GitHubServer) -> None:
    request = Request("GET", f"{github.url}/user", {"User-Agent": "x"}, None, 10, True, "GET")
    with pytest.raises(Terminal, match="larger than 10 bytes"):
        HttpWire().send(request)


# --- commits ----------------------------------------------------------------------------


def test_commit_that_github_counts_but_does_not_list_is_not_taken_as_verified() -> None:
    listed = b'{"total_commits": 2, "commits": [{"sha": "a", "commit": {"message": "m"}}]}'
    client, _ = _enterprise([Response(200, {}, listed), Response(200, {}, listed)])
    with pytest.raises(Terminal, match="counts 2 commits"):
        GitHubForge(client).commits_between("base", "head")


@pytest.mark.parametrize(
    ("api", "issuer"),
    [
        ("https://api.github.com", "token.actions.githubusercontent.com"),
        ("https://github.acme.net/api/v3", "github.acme.net/_services/token"),
        ("https://api.acme.ghe.com", "token.actions.acme.ghe.com"),
    ],
)
def test_who_issues_the_tokens_of_jobs(api: str, issuer: str) -> None:
    assert ApiAddress.parse(api).token_issuer == issuer
