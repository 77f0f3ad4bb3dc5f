"""A region that must be opted in to, asked for later: enabled first, then governed, in one run."""

from __future__ import annotations

from pathlib import Path

from builders_repo import Repo

BASELINE = """\
select:
  organizational_units: [Workloads]
settings:
  - setting: region-opt-in
  - setting: ebs-default-encryption
  - setting: snapshot-public-access
"""


def test_a_region_asked_for_later_is_enabled_and_governed(tmp_path: Path) -> None:
    repo = Repo.standard(tmp_path / "repo")
    repo.write("customizations/baselines/standard.yaml", BASELINE)
    repo.request("shop")
    repo.commit("Ask for an account")
    repo.apply()
    repo.request("shop", "regions: [me-south-1]\n")
    repo.commit("Govern another region")
    assert repo.changes() == [
        f"account/shop/update-setting/{name}"
        for name in ("region-opt-in", "ebs-default-encryption", "snapshot-public-access")
    ]
    repo.apply()
    with repo.inside("shop") as client:
        ec2 = client("ec2", "me-south-1")
        assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]
        assert ec2.get_snapshot_block_public_access_state()["State"] == "block-all-sharing"
    assert repo.changes() == []


def test_a_baseline_that_does_not_enable_it_is_told_before_any_plan(tmp_path: Path) -> None:
    repo = Repo.standard(tmp_path / "repo")
    text = BASELINE.replace("  - setting: region-opt-in\n", "")
    repo.write("customizations/baselines/standard.yaml", text)
    repo.request("shop", "regions: [me-south-1]\n")
    result = repo.aft("validate")
    assert result.code == 3
    assert "account-requests/shop.yaml:4:11" in result.out + result.err
    assert "region-opt-in" in result.out + result.err
