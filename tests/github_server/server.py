"""A GitHub on loopback: what people do to it, and its address for tools."""

from __future__ import annotations

import functools
import io
import secrets
import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from . import shapes
from .access import Token, normal
from .git_side import NOBODY, GitSide
from .http import Handler
from .limits import Fault, Limits
from .model import Artifact, Comment, Environment, Issue, Pull, Review, Run, State, User

ACTIONS = "github-actions[bot]"


def system_time() -> datetime:
    return datetime.now(UTC)


class GitHubServer:
    """One repository. Use as a context manager; ``url`` is what GITHUB_API_URL holds.

    ``git`` is the bare repository whose refs back pull requests. ``prefix`` serves the API below
    a path, as an Enterprise Server does (``/api/v3``). ``now`` is the clock of rate limits and
    timestamps. ``state`` may be read and changed freely.
    """

    def __init__(
        self,
        repository: str = "example/accounts",
        git: Path | None = None,
        *,
        prefix: str = "",
        now: Callable[[], datetime] = system_time,
    ) -> None:
        self.state = State(repository)
        self.prefix = prefix
        self.limits = Limits(now)
        self.faults: list[Fault] = []
        self.seen: list[str] = []
        """Requests as ``METHOD /path``, the refused ones too, in the order they came."""
        self.tokens: dict[str, Token] = {}
        self.lock = threading.RLock()
        self._now = now
        self._git = GitSide(git) if git else None
        self._storage: dict[str, Artifact] = {}
        self._http: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        handler = functools.partial(Handler, self)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._http
        self._http.shutdown()
        self._http.server_close()

    @property
    def port(self) -> int:
        assert self._http, "not started"
        return int(self._http.server_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    @property
    def git(self) -> GitSide:
        assert self._git, "this server was made without a git repository"
        return self._git

    def tick(self) -> datetime:
        return self._now()

    def token(
        self,
        permissions: Mapping[str, str] | None = None,
        login: str = ACTIONS,
        kind: str = "",
        *,
        sees: bool = True,
    ) -> str:
        """A token; ``permissions`` as a workflow names them. ``kind`` is ``bot`` or ``user``."""
        user = User.named(login, kind)
        secret = ("ghs_" if user.kind == "Bot" else "ghp_") + secrets.token_hex(18)
        self.tokens[secret] = Token(secret, user, normal(permissions or {}), sees)
        return secret

    # --- pull requests ------------------------------------------------------------------

    def open_pull(
        self,
        head: str,
        *,
        base: str = "main",
        title: str = "",
        body: str = "",
        author: User | str = "ada",
        fork: Path | None = None,
        fork_name: str = "",
        draft: bool = False,
    ) -> Pull:
        """A pull request of branch ``head``; with ``fork``, of that bare repository's branch."""
        with self.lock:
            user = author if isinstance(author, User) else User.named(author)
            issue = self._issue(title or f"Change {head}", body, user, [])
            name = self.state.repository.rpartition("/")[2]
            home = (fork_name or f"{user.login}/{name}") if fork else self.state.repository
            pull = Pull(
                number=issue.number,
                issue=issue,
                head_ref=head,
                head_sha="",
                base_ref=base,
                base_sha=self.git.branch(base),
                head_repository=home,
                fork=fork,
                draft=draft,
            )
            self.state.pulls[pull.number] = pull
            self.refresh(pull.number)
            assert pull.head_sha, f"there is no branch {head}"
            return pull

    def refresh(self, number: int) -> Pull:
        """Notice what was pushed to head and base: new shas, a new test merge."""
        with self.lock:
            pull = self.state.pulls[number]
            if pull.state != "open":
                return pull
            if pull.fork:
                head = self.git.fetch(pull.fork, pull.head_ref)
            else:
                head = self.git.branch(pull.head_ref)
            head = head or pull.head_sha  # the branch was deleted
            base = self.git.branch(pull.base_ref)
            is_tested = pull.merge_sha is not None or not pull.mergeable
            if (head, base) == (pull.head_sha, pull.base_sha) and is_tested:
                return pull
            pull.head_sha, pull.base_sha = head, base
            pull.issue.updated_at = self.tick()
            self.git.set_ref(f"refs/pull/{number}/head", head)
            self._test_merge(pull)
            return pull

    def _test_merge(self, pull: Pull) -> None:
        tree = self.git.merged_tree(pull.base_sha, pull.head_sha)
        pull.mergeable = tree is not None
        pull.asked_for_mergeable = False
        ref = f"refs/pull/{pull.number}/merge"
        if tree is None:
            return  # GitHub leaves the ref of the last merge that worked, if there was one
        message = f"Merge {pull.head_sha} into {pull.base_sha}"
        parents = [pull.base_sha, pull.head_sha]
        pull.merge_sha = self.git.commit(tree, parents, message, at=self.tick())
        self.git.set_ref(ref, pull.merge_sha)

    def merge_pull(self, number: int, method: str = "merge", by: str = "grace") -> str:
        """Merge as the button does; the commit the base is at then."""
        with self.lock:
            pull = self.refresh(number)
            assert pull.state == "open"
            assert pull.mergeable
            commits = self.git.between(pull.base_sha, pull.head_sha)
            tree = self.git.merged_tree(pull.base_sha, pull.head_sha)
            assert tree
            title = f"{pull.issue.title} (#{number})"
            match method:
                case "merge":
                    message = f"Merge pull request #{number} from {pull.head_ref}"
                    parents = [pull.base_sha, pull.head_sha]
                    tip = self.git.commit(tree, parents, message, at=self.tick())
                    pull.commits = commits
                case "squash":
                    tip = self.git.commit(tree, [pull.base_sha], title, at=self.tick())
                case "rebase":
                    pull.commits = self.git.rebased(pull.base_sha, commits, at=self.tick())
                    tip = pull.commits[-1]
                case _:
                    raise AssertionError(method)
            self.git.set_ref(f"refs/heads/{pull.base_ref}", tip)
            self.git.set_ref(f"refs/pull/{number}/merge", None)
            pull.merge_sha, pull.merged_at = tip, self.tick()
            pull.merged_by = User.named(by)
            self._close(pull.issue)
            return tip

    def close_pull(self, number: int) -> None:
        pull = self.state.pulls[number]
        self.git.set_ref(f"refs/pull/{number}/merge", None)
        self._close(pull.issue)

    def _close(self, issue: Issue) -> None:
        issue.state = "closed"
        issue.closed_at = issue.updated_at = self.tick()

    def commit_to(self, branch: str, files: Mapping[str, str], message: str = "change") -> str:
        """A commit on a branch of the bare repository, made from its tip (or that of main)."""
        parent = self.git.branch(branch) or self.git.branch(self.state.settings.default_branch)
        tree = self.git.tree_with(parent, files)
        sha = self.git.commit(
            tree, [parent] if parent else [], message, at=self.tick(), author=NOBODY
        )
        self.git.set_ref(f"refs/heads/{branch}", sha)
        return sha

    # --- issues and comments ------------------------------------------------------------

    def open_issue(
        self,
        title: str,
        *,
        body: str = "",
        labels: Sequence[str] = (),
        author: User | str = "ada",
    ) -> Issue:
        user = author if isinstance(author, User) else User.named(author)
        return self._issue(title, body, user, labels)

    def comment(self, number: int, body: str, author: User | str = "ada") -> Comment:
        user = author if isinstance(author, User) else User.named(author)
        with self.lock:
            at = self.tick()
            comment = Comment(self.state.next_id(), number, user, body, at, at)
            self.state.comments[comment.id] = comment
            return comment

    def review(self, number: int, state: str = "APPROVED", by: str = "grace") -> Review:
        """What somebody says of a pull request as it is now."""
        with self.lock:
            head = self.refresh(number).head_sha
            made = Review(self.state.next_id(), number, User.named(by), state, head, self.tick())
            self.state.reviews.setdefault(number, []).append(made)
            return made

    def _issue(self, title: str, body: str, user: User, labels: Sequence[str]) -> Issue:
        with self.lock:
            at = self.tick()
            number = self.state.next_number()
            issue = Issue(number, title, body, user, at, at, labels=list(labels))
            self.state.labels.update(labels)
            self.state.issues[number] = issue
            return issue

    # --- Actions ------------------------------------------------------------------------

    def register_run(
        self,
        path: str = ".github/workflows/plan.yml",
        event: str = "pull_request_target",
        *,
        pull: Pull | None = None,
        head_sha: str = "",
        head_branch: str = "",
        status: str = "in_progress",
        conclusion: str | None = None,
    ) -> Run:
        """A run. For one of ``pull`` the head is GitHub's: that of the pull request."""
        with self.lock:
            run = Run(
                id=self.state.next_id(),
                path=path,
                event=event,
                head_sha=head_sha or (pull.head_sha if pull else ""),
                head_branch=head_branch or (pull.head_ref if pull else ""),
                head_repository=pull.head_repository if pull else self.state.repository,
                status="completed" if conclusion else status,
                conclusion=conclusion,
                created_at=self.tick(),
            )
            self.state.runs[run.id] = run
            return run

    def finish_run(self, run: Run, conclusion: str = "success") -> None:
        run.status, run.conclusion = "completed", conclusion

    def add_artifact(
        self, run: Run, name: str, files: Mapping[str, str | bytes] | bytes
    ) -> Artifact:
        """``files`` by member name, or a zip file as it is."""
        content = files if isinstance(files, bytes) else zipped(files)
        with self.lock:
            artifact = Artifact(self.state.next_id(), name, run, content, self.tick())
            self.state.artifacts[artifact.id] = artifact
            return artifact

    def storage_url(self, artifact: Artifact) -> str:
        """Another host by name, where a token must not be shown."""
        signature = secrets.token_hex(8)
        self._storage[signature] = artifact
        return f"http://localhost:{self.port}/storage/{artifact.id}.zip?sig={signature}"

    def stored(self, signature: str) -> bytes | None:
        artifact = self._storage.get(signature)
        return artifact.content if artifact else None

    # --- settings -----------------------------------------------------------------------

    def environment(self, name: str, **more: Any) -> Environment:
        found = Environment(name, **more)
        self.state.settings.environments[name] = found
        return found

    def verify(self, sha: str, reason: str = "valid") -> None:
        """What GitHub says of a commit's signature from now on."""
        self.state.verified[sha] = (reason == "valid", reason)

    # --- what Actions hands a workflow --------------------------------------------------

    def event(self, number: int, action: str) -> dict[str, Any]:
        """The payload of GITHUB_EVENT_PATH for a pull request or issue."""
        state = self.state
        owner, _, name = state.repository.partition("/")
        payload: dict[str, Any] = {
            "action": action,
            "number": number,
            "repository": {
                "full_name": state.repository,
                "name": name,
                "owner": {"login": owner},
                "default_branch": state.settings.default_branch,
                "private": state.settings.private,
            },
            "sender": shapes.user(state.issues[number].user),
        }
        if number in state.pulls:
            pull = self.refresh(number)
            payload["pull_request"] = shapes.pull(pull, state, single=True)
        else:
            payload["issue"] = shapes.issue(state.issues[number], state, self.url)
        return payload


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
