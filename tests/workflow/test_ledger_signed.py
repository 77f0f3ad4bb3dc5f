"""A signed ledger, from a key in KMS to what someone appends: the real commands and adapters."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_git import Clone, step
from builders_live import Live, live, with_remote
from builders_repo import CONFIG, Repo

from aft.clock import SystemClock
from aft.git.ledger.store import GitLedger

TREE = "organizational_units:\n  - name: Sandbox\n"


@pytest.fixture
def people(tmp_path: Path) -> Iterator[tuple[Repo, Live]]:
    """A clone with a bare ``origin``, and an organization with a key, behind an endpoint."""
    repo = Repo.create(tmp_path / "people")
    with live() as organization:
        kms = organization.client("kms")
        made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        arn = made["KeyMetadata"]["Arn"]
        public = base64.b64encode(kms.get_public_key(KeyId=arn)["PublicKey"]).decode()
        signing = f"ledger:\n  signing_key: {arn}\n  public_keys:\n    - {public}\n"
        repo.write("aft.yaml", CONFIG)
        repo.write("customizations/organization/organization.yaml", TREE)
        repo.request("shop", ou="Sandbox")
        repo.commit("Ask for the shop")
        with_remote(repo, tmp_path / "origin.git")
        repo.environ.update(organization.environ)
        assert repo.aft("apply", sandbox=False).code == 0
        repo.write("aft.yaml", CONFIG + signing)
        repo.commit("Sign the ledger")
        yield repo, organization


def test_what_someone_appends_is_refused_by_every_command(
    people: tuple[Repo, Live], tmp_path: Path
) -> None:
    repo, _ = people
    refused = repo.aft("apply", sandbox=False)
    assert refused.code == 1
    assert "the ledger is not signed" in refused.err
    first = repo.aft("apply", "--adopt-ledger", sandbox=False)
    assert first.code == 0, first.out + first.err
    assert "Continue with a ledger that is not signed" in repo.git(
        "log", "--format=%B", "origin/aft/ledger"
    )
    assert "\naft-signature " in repo.git("cat-file", "-p", "origin/aft/ledger")
    assert repo.aft("plan", "--detailed-exitcode", sandbox=False).code == 0
    verified = repo.aft("history", "--verify", sandbox=False)
    head = repo.git("rev-parse", "origin/aft/ledger")
    assert verified.code == 0, verified.out + verified.err
    assert f"The last pushed head {head[:10]} is signed by the key SHA256:" in verified.out

    evil = Clone(tmp_path / "evil")
    evil.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    GitLedger(evil.repository, remote="origin", clock=SystemClock(), environ={}).append(
        [step("network", subject="shop", outputs={"VpcId": "vpc-evil"})], durable=True
    )
    for verb in (["plan"], ["drift"], ["status", "--offline"], ["history", "--verify"]):
        refused = repo.aft(*verb, sandbox=False)
        assert refused.code == 1, verb
        assert "the ledger is not signed" in refused.err
    assert "vpc-evil" not in refused.out


def test_who_may_not_use_the_key_changes_nothing(people: tuple[Repo, Live]) -> None:
    repo, organization = people
    assert repo.aft("apply", "--adopt-ledger", sandbox=False).code == 0
    before = repo.git("rev-parse", "origin/aft/ledger")
    kms = organization.client("kms")
    (key,) = (item["KeyId"] for item in kms.list_keys()["Keys"])
    kms.disable_key(KeyId=key)
    repo.request("lab", ou="Sandbox")
    repo.commit("Ask for a lab")
    failed = repo.aft("apply", sandbox=False)
    assert failed.code == 4, failed.out + failed.err
    assert organization.creations() == [("shop", "SUCCEEDED")], "no intent, no account"
    assert repo.git("ls-remote", "origin", "aft/ledger").split()[0] == before
