"""Signatures of the ledger's heads, by an asymmetric KMS key that only applies may use."""

from __future__ import annotations

import contextvars

from aft.aws.session import AwsSessions


class AwsLedgerSigner:
    """Implements ``aft.ports.LedgerSigner`` with the key of ARN ``key``, in its own region."""

    def __init__(self, sessions: AwsSessions, key: str) -> None:
        self._client = sessions.management
        self._key = key

    def sign(self, message: bytes) -> bytes:
        # Not a write of the step that happens to push: the run's records of calls leave it out.
        return contextvars.Context().run(self._sign, message)

    def _sign(self, message: bytes) -> bytes:
        region = self._key.split(":")[3]
        answer = self._client("kms", region).sign(
            KeyId=self._key,
            Message=message,
            MessageType="RAW",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        return answer["Signature"]
