"""Heads that are signed: what someone with write access pushes is refused, even in aft's own form.

The forger here knows everything but the key: he appends events with aft itself.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pygit2
import pytest
from builders_git import BRANCH, Clone, bare, bound, clone_of, git, step
from builders_ledger import Head, tip
from builders_plan import snapshot
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from aft.clock import SystemClock
from aft.errors import Denied, LedgerRewritten, UserError
from aft.git.ledger.snapshots import GitSnapshots
from aft.git.ledger.store import GitLedger
from aft.values.public_keys import public_key_bytes


@dataclass
class Key:
    """``LedgerSigner`` in memory; counts what it is asked."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    asked: list[bytes] = field(default_factory=list)

    def sign(self, message: bytes) -> bytes:
        self.asked.append(message)
        return self.private.sign(message, ec.ECDSA(hashes.SHA256()))

    def public(self, encoding: str = "DER") -> str:
        found = self.private.public_key().public_bytes(
            getattr(serialization.Encoding, encoding),
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        return base64.b64encode(found).decode() if encoding == "DER" else found.decode()


KEY, OTHER = Key(), Key()
CONFIGURED = (KEY.public(),)


@pytest.fixture
def hosted(tmp_path: Path) -> Path:
    return bare(tmp_path / "served" / "repo.git")


def ledger(
    clone: Clone,
    signer: Key | None = None,
    *,
    keys: tuple[str, ...] = CONFIGURED,
    head: Head | None = None,
    adopts: bool = False,
    branch: str = BRANCH,
) -> GitLedger:
    return GitLedger(
        clone.repository,
        branch=branch,
        remote="origin",
        clock=SystemClock(),
        environ={},
        head=head,
        keys=keys,
        signer=signer,
        adopts=adopts,
    )


@pytest.fixture
def signed(hosted: Path, tmp_path: Path) -> str:
    """The head of a ledger of two pushes."""
    store = ledger(clone_of(hosted, tmp_path / "a"), KEY)
    store.append([bound("shop")], durable=True)
    store.append([step("network", subject="shop", second=1), step("alias", subject="shop")])
    store.publish()
    return tip(hosted)


def test_a_head_is_signed_once_a_push_and_read_by_everyone(hosted: Path, tmp_path: Path) -> None:
    signer = Key()
    keys = (signer.public("PEM"),)
    store = ledger(clone_of(hosted, tmp_path / "a"), signer, keys=keys)
    store.append([bound("shop")], durable=True)
    store.append([step("network", subject="shop", second=1)])
    store.append([bound("lab", account_id="2" * 12)])
    store.publish()
    store.publish()
    assert len(signer.asked) == 2
    assert all(len(message) < 4096 for message in signer.asked)
    reader = ledger(clone_of(hosted, tmp_path / "b"), keys=keys)
    assert reader.read() == store.read()
    assert reader.read().record("shop").steps
    reader.publish()
    assert len(git(hosted, "rev-list", BRANCH).splitlines()) == 3
    git(hosted, "fsck", "--strict")


def forged_events(clone: Clone, signed: str) -> None:
    """With aft itself, but without the key."""
    store = ledger(clone, keys=())
    store.append(
        [step("network", subject="shop", second=5, outputs={"VpcId": "vpc-evil"})], durable=True
    )


def signature_moved(clone: Clone, signed: str) -> None:
    """The signature of the commit below, on another one."""
    forged_events(clone, signed)
    rewritten(clone, lambda raw: raw.replace(b"\n\n", b"\naft-signature " + line(clone, signed), 1))


def other_key(clone: Clone, signed: str) -> None:
    ledger(clone, OTHER, keys=(OTHER.public(),), adopts=True).append(
        [bound("lab", account_id="3" * 12)], durable=True
    )


def message_changed(clone: Clone, signed: str) -> None:
    rewritten(clone, lambda raw: raw.replace(b"\n\n", b"\n\nx", 1), signed)


def older_head_with_a_child(clone: Clone, signed: str) -> None:
    clone.git("checkout", "-q", "origin/" + BRANCH)
    clone.git("reset", "-q", "--hard", f"{signed}~1")
    clone.commit("x", files={"x": "x"})
    clone.git("push", "-q", "-f", "origin", f"HEAD:refs/heads/{BRANCH}")


def no_signature_at_all(clone: Clone, signed: str) -> None:
    rewritten(
        clone, lambda raw: raw.replace(b"\naft-signature " + line(clone, signed)[:-2], b""), signed
    )


def garbage(clone: Clone, signed: str) -> None:
    rewritten(clone, lambda raw: raw.replace(b"aft-signature ", b"aft-signature !"), signed)


def line(clone: Clone, commit: str) -> bytes:
    raw = pygit2.Repository(str(clone.path))[commit].peel(pygit2.Commit).read_raw()
    return raw.partition(b"aft-signature ")[2].partition(b"\n")[0] + b"\n\n"


def rewritten(clone: Clone, change: Callable[[bytes], bytes], commit: str = "") -> None:
    """Push ``commit``, or the branch's, with other bytes."""
    clone.git("fetch", "-q", "origin")
    handle = pygit2.Repository(str(clone.path))
    found = handle[commit or clone.git("rev-parse", f"origin/{BRANCH}")].peel(pygit2.Commit)
    raw = change(found.read_raw())
    assert raw != found.read_raw()
    made = handle.write(pygit2.enums.ObjectType.COMMIT, raw)
    clone.git("push", "-q", "-f", "origin", f"{made}:refs/heads/{BRANCH}")


FORGERIES = (
    forged_events,
    signature_moved,
    other_key,
    message_changed,
    older_head_with_a_child,
    no_signature_at_all,
    garbage,
)


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_head_that_is_not_signed_is_refused_by_everyone(
    hosted: Path, signed: str, tmp_path: Path, forge: Callable[[Clone, str], None]
) -> None:
    evil = clone_of(hosted, tmp_path / "evil")
    evil.git("fetch", "-q", "origin")
    forge(evil, signed)
    forged = tip(hosted)
    assert forged != signed
    fresh, old = clone_of(hosted, tmp_path / "b"), Clone(tmp_path / "a")
    for clone, signer in ((fresh, None), (fresh, KEY), (old, None), (old, KEY)):
        with pytest.raises(LedgerRewritten) as refused:
            ledger(clone, signer).read()
        assert forged[:10] in refused.value.message
        assert "--adopt-ledger" in refused.value.hint
        with pytest.raises(LedgerRewritten):
            ledger(clone, signer).append([bound("lab", account_id="4" * 12)], durable=True)
    snapshots = GitSnapshots(
        fresh.repository,
        branch=BRANCH,
        remote="origin",
        clock=SystemClock(),
        environ={},
        keys=CONFIGURED,
        signer=KEY,
    )
    for call in (snapshots.published, lambda: snapshots.publish(snapshot())):
        with pytest.raises(LedgerRewritten):
            call()
    assert tip(hosted) == forged


def test_it_may_be_accepted_and_is_signed_from_then_on(
    hosted: Path, signed: str, tmp_path: Path
) -> None:
    forged_events(clone_of(hosted, tmp_path / "evil"), signed)
    forged = tip(hosted)
    store = ledger(clone_of(hosted, tmp_path / "b"), KEY, adopts=True)
    assert store.read().unsigned == forged
    store.append([step("more", subject="shop", second=9)], durable=True)
    state = ledger(clone_of(hosted, tmp_path / "c")).read()
    assert (state.unsigned, state.instead_of) == ("", "")


def test_what_is_pushed_while_a_run_goes_on_is_not_built_upon(
    hosted: Path, signed: str, tmp_path: Path
) -> None:
    store = ledger(clone_of(hosted, tmp_path / "b"), KEY)
    store.read()
    forged_events(clone_of(hosted, tmp_path / "evil"), signed)
    forged = tip(hosted)
    store.append([step("more", subject="shop", second=9)])
    with pytest.raises(LedgerRewritten):
        store.publish()
    assert tip(hosted) == forged


def test_who_may_not_sign_pushes_nothing(hosted: Path, signed: str, tmp_path: Path) -> None:
    clone = clone_of(hosted, tmp_path / "b")
    reader = ledger(clone)
    with pytest.raises(Denied, match="may not sign"):
        reader.append([bound("lab", account_id="3" * 12)], durable=True)
    snapshots = GitSnapshots(
        clone.repository,
        branch=BRANCH,
        remote="origin",
        clock=SystemClock(),
        environ={},
        keys=CONFIGURED,
    )
    assert not snapshots.publish(snapshot())
    assert tip(hosted) == signed


def test_a_published_organization_is_signed_too(hosted: Path, signed: str, tmp_path: Path) -> None:
    snapshots = GitSnapshots(
        clone_of(hosted, tmp_path / "b").repository,
        branch=BRANCH,
        remote="origin",
        clock=SystemClock(),
        environ={},
        keys=CONFIGURED,
        signer=KEY,
    )
    assert snapshots.publish(snapshot())
    assert tip(hosted) != signed
    assert snapshots.published() is not None
    assert ledger(clone_of(hosted, tmp_path / "c")).read().record("shop").account_id


def test_two_writers_sign_what_they_push_and_lose_nothing(
    hosted: Path, signed: str, tmp_path: Path
) -> None:
    head = Head()
    one, two = (ledger(clone_of(hosted, tmp_path / name), KEY, head=head) for name in "xy")
    one.read()
    two.read()
    for number in range(3, 7):
        one.append([step("one", str(number), subject="shop", second=number)], durable=True)
        two.append([bound(f"lab-{number}", account_id=str(number) * 12)])
    two.publish()
    assert head.commit == tip(hosted)
    state = ledger(clone_of(hosted, tmp_path / "z"), head=head).read()
    assert state == one.read()
    assert {f"lab-{number}" for number in range(3, 7)} <= state.records.keys()
    assert ledger(clone_of(hosted, tmp_path / "v"), keys=()).examine().faults == ()


def test_a_key_is_exchanged_while_both_are_named(hosted: Path, signed: str, tmp_path: Path) -> None:
    clone = clone_of(hosted, tmp_path / "b")
    with pytest.raises(LedgerRewritten):
        ledger(clone, OTHER, keys=(OTHER.public(),)).read()
    both = (OTHER.public(), KEY.public())
    ledger(clone, OTHER, keys=both).append([bound("lab", account_id="3" * 12)], durable=True)
    assert ledger(clone_of(hosted, tmp_path / "c"), keys=(OTHER.public(),)).read().records
    with pytest.raises(LedgerRewritten):
        ledger(clone_of(hosted, tmp_path / "d")).read()


def test_who_looks_sees_which_key_has_signed_the_last_pushed_head(
    hosted: Path, signed: str, tmp_path: Path
) -> None:
    prints = [
        f"SHA256:{hashlib.sha256(public_key_bytes(key.public())).hexdigest()}"
        for key in (KEY, OTHER)
    ]
    both = (OTHER.public(), KEY.public())
    store = ledger(clone_of(hosted, tmp_path / "b"), OTHER, keys=both)
    found = store.examine()
    assert (found.pushed, found.signed_by) == (signed, prints[0])
    store.append([bound("lab", account_id="3" * 12)])
    assert store.examine().pushed == signed, "what was not pushed is not signed yet"
    store.publish()
    found = store.examine()
    assert (found.pushed, found.signed_by) == (tip(hosted), prints[1])
    found = ledger(clone_of(hosted, tmp_path / "c"), keys=()).examine()
    assert (found.pushed, found.signed_by) == ("", ""), "nothing is signed there"
    unsigned = ledger(clone_of(hosted, tmp_path / "d"), keys=(KEY.public(),), adopts=True)
    found = unsigned.examine()
    assert (found.pushed, found.signed_by) == (tip(hosted), "")


def test_a_signing_key_that_is_not_among_the_public_ones_signs_nothing(
    hosted: Path, signed: str, tmp_path: Path
) -> None:
    store = ledger(clone_of(hosted, tmp_path / "b"), OTHER)
    with pytest.raises(UserError, match=r"ledger\.public_keys"):
        store.append([bound("lab", account_id="3" * 12)], durable=True)
    assert tip(hosted) == signed


def test_a_signature_is_for_one_branch(hosted: Path, signed: str, tmp_path: Path) -> None:
    git(hosted, "update-ref", "refs/heads/other/ledger", signed)
    with pytest.raises(LedgerRewritten):
        ledger(clone_of(hosted, tmp_path / "b"), branch="other/ledger").read()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AAAA",
        "no base64!",
        base64.b64encode(
            ec.generate_private_key(ec.SECP384R1())
            .public_key()
            .public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        ).decode(),
    ],
)
def test_other_keys_are_no_public_keys(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        public_key_bytes(text)
