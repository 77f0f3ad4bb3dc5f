"""Hostile pull requests that aim at git itself: where it talks to, starts and obeys."""

from __future__ import annotations

import json

from builders_trees import LINK, PROGRAM, Entry

OPENING = "version: 1\nhome_region: eu-central-1\n"
CONFIG = (
    "[core]\n\tbare = false\n\tworktree = ..\n\tfsmonitor = touch CANARY\n\thooksPath = hooks\n"
)

REMOTES = {
    "an address as remote": "https://github.com.evil.example/acme/accounts.git",
    "a user as remote's host": "https://github.com@evil.example/acme/accounts.git",
    "an ssh address as remote": "git@evil.example:acme/accounts.git",
    "an option of ssh as remote": "ssh://-oProxyCommand=touch%20CANARY/x",
    "a path as remote": "/proc/self/cwd/../evil.git",
    "the repository itself as remote": ".",
    "a section of the configuration as remote": 'origin"]\n[core]\n\tfsmonitor = touch CANARY\n["',
}
BRANCHES = {
    "an option as branch": "--upload-pack=touch CANARY",
    "a refspec as branch": "+refs/heads/*:refs/heads/*",
    "a hook as branch": "../../hooks/post-checkout",
    "a lock as branch": "main.lock",
}

GIT_TREES: dict[str, dict[bytes | str, Entry]] = {
    **{
        name: {"aft.yaml": f"{OPENING}ledger: {{remote: {json.dumps(remote)}}}\n"}
        for name, remote in REMOTES.items()
    },
    **{
        name: {"aft.yaml": f"{OPENING}ledger: {{branch: {json.dumps(branch)}}}\n"}
        for name, branch in BRANCHES.items()
    },
}
"""Each is refused."""

GIT_TRICKS: dict[str, dict[bytes | str, Entry]] = {
    "a bare repository in the tree": {
        f"account-requests/evil/{path}": text
        for path, text in {
            "HEAD": "ref: refs/heads/main\n",
            "config": CONFIG,
            "objects/info/alternates": "/\n",
            "refs/heads/main": "0" * 40 + "\n",
            "hooks/post-index-change": (PROGRAM, b"#!/bin/sh\ntouch CANARY\n"),
        }.items()
    },
    "modules that are updated by a program": {
        ".gitmodules": '[submodule "x"]\n\tpath = account-requests\n\turl = -u./evil\n'
        "\tupdate = !touch CANARY\n\tfetchRecurseSubmodules = true\n",
    },
    "attributes that are a link": {".gitattributes": (LINK, b"/proc/self/environ")},
    "attributes below the requests": {
        "account-requests/.gitattributes": "* filter=evil ident eol=crlf working-tree-encoding=x\n"
        "[attr]evil filter=lfs diff=lfs merge=lfs -text\n",
    },
    "a pointer to a large file": {
        "account-requests/shop.yaml": "version https://git-lfs.github.com/spec/v1\n"
        f"oid sha256:{'0' * 64}\nsize 12\n",
    },
}
"""Each may be read or refused."""
