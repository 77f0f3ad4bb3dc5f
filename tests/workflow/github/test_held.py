"""One account waits for people; the merges of everyone else go on, and the way out is shown."""

from __future__ import annotations

import re
from collections.abc import Callable

from builders_github import Team, request

MakeTeam = Callable[..., Team]


def test_account_that_someone_moved_holds_up_nobody_else(make_team: MakeTeam) -> None:
    team = make_team()
    hub, github = team.hub, team.github
    assert hub.aws is not None
    (run,) = hub.push("main")
    assert run.conclusion == "success", run.text
    client = hub.aws.organization.client("organizations")
    lab = hub.aws.organization.accounts()["lab"]
    (here,) = client.list_parents(ChildId=lab)["Parents"]
    root = client.list_roots()["Roots"][0]["Id"]
    client.move_account(AccountId=lab, SourceParentId=here["Id"], DestinationParentId=root)

    # Another team's account is made, and the run is green; the result names what it is not about.
    pull, _ = team.open("shop", request("shop"))
    run = team.merge(pull)
    assert run.conclusion == "success", run.text
    assert "shop" in hub.aws.organization.accounts()
    said = team.comments(pull.number)[-1]
    assert "1 unfulfilled, which this change does not cover" in said
    assert "✋ `> lab: move / → Sandbox`" in said
    assert "Actions → apply → Run workflow, with `accept_held`" in said
    (digest,) = set(re.findall(r"sha256:[0-9a-f]{64}", said))

    # Nothing is moved in the next hour either, and the one issue says what waits.
    (run,) = hub.schedule("apply.yml")
    assert digest in run.jobs["apply"].summary
    hub.schedule("drift.yml")
    (issue,) = [item for item in github.state.issues.values() if item.labels == ["aft:drift"]]
    assert "`lab`" in issue.body
    assert "accept_held" in issue.body
    assert client.list_parents(ChildId=lab)["Parents"][0]["Id"] == root

    # A digest of something else lets nothing through; the one that was shown does, in one step.
    run = hub.by_hand("apply.yml", accept_held=f"sha256:{64 * '0'}")
    assert digest in run.jobs["apply"].summary
    assert client.list_parents(ChildId=lab)["Parents"][0]["Id"] == root
    run = hub.by_hand("apply.yml", accept_held=digest)
    assert run.conclusion == "success", run.text
    assert client.list_parents(ChildId=lab)["Parents"] == [here]
    hub.schedule("drift.yml")
    assert issue.state == "closed"
