"""Heads of the ledger that carry a signature, of a key that only the apply identity may use.

The signature is in a header of the commit itself, so that it is part of what one push moves: no
second ref and no further commit. It covers the rest of the commit, and through the ids of its tree
and parents everything below, and the name of the branch. ``git verify-commit`` does not know it;
``git cat-file -p`` shows it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence

import pygit2
from pygit2.enums import ObjectType

from aft.errors import Denied, UserError
from aft.ports import LedgerSigner
from aft.values.public_keys import public_key_bytes

_HEADER = b"\naft-signature "
_PURPOSE = b"aft-ledger-head-1\n"


class HeadSignatures:
    """Signs commits of ``branch`` with ``signer`` and checks them by ``keys``, public keys as in
    aft.yaml. Without a signer none can be made. Not safe to share between threads."""

    def __init__(
        self,
        handle: pygit2.Repository,
        *,
        branch: str,
        keys: Sequence[str],
        signer: LedgerSigner | None = None,
    ) -> None:
        self._handle = handle
        self._branch = branch
        self._keys = tuple(map(public_key_bytes, keys))
        self._signer = signer
        self._known: dict[str, str] = {}

    @property
    def can_sign(self) -> bool:
        """False for runs that only read: they push nothing."""
        return self._signer is not None

    def holds(self, commit: str) -> bool:
        """Whether ``commit`` has a valid signature of one of the keys."""
        return bool(self.key_of(commit))

    def key_of(self, commit: str) -> str:
        """The SHA-256 fingerprint of the public key (of its DER form) whose signature ``commit``
        has, or ``""``."""
        if commit not in self._known:
            text, signature = _parted(self._read(commit))
            message = self._message(text)
            valid = (key for key in self._keys if _is_valid(key, message, signature))
            found = next(valid, None)
            self._known[commit] = f"SHA256:{hashlib.sha256(found).hexdigest()}" if found else ""
        return self._known[commit]

    def signed(self, commit: str) -> str:
        """The same commit with a signature, under another id; itself when it has one. Raises
        ``Denied`` without a signer, and ``UserError`` when no key is that of the signer."""
        if self.holds(commit):
            return commit
        if self._signer is None:
            raise Denied(
                f"{self._branch} is signed, and this run may not sign",
                hint="only apply writes a ledger for which `ledger.signing_key` is set",
            )
        text, _ = _parted(self._read(commit))
        signature = base64.b64encode(self._signer.sign(self._message(text)))
        head, _, message = text.partition(b"\n\n")
        made = self._handle.write(ObjectType.COMMIT, head + _HEADER + signature + b"\n\n" + message)
        if not self.holds(str(made)):
            raise UserError(
                "the signature of ledger.signing_key is not valid by ledger.public_keys",
                hint="add the public key of the signing key: aws kms get-public-key",
            )
        return str(made)

    def _read(self, commit: str) -> bytes:
        return self._handle[commit].peel(pygit2.Commit).read_raw()

    def _message(self, text: bytes) -> bytes:
        digest = hashlib.sha256(text).hexdigest()
        return _PURPOSE + f"refs/heads/{self._branch}\n{digest}\n".encode()


def _parted(raw: bytes) -> tuple[bytes, bytes]:
    """A commit without its signature, and the signature: the last of its headers, or none."""
    head, end, message = raw.partition(b"\n\n")
    before, header, encoded = head.rpartition(_HEADER)
    if not header or b"\n" in encoded:
        return raw, b""
    try:
        return before + end + message, base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return raw, b""


def _is_valid(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_der_public_key
    except ImportError as error:
        raise UserError(
            f"signatures of the ledger cannot be checked ({error.name} is missing)",
            hint="in the clone aft was installed from: pip install '.[signing]'",
        ) from error
    found = load_der_public_key(key)
    if not isinstance(found, ec.EllipticCurvePublicKey):
        return False
    try:
        found.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
