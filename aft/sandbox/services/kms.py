"""KMS's signatures: which keys sign, what they take, and what is no signature.

Facts: the KMS API reference (Sign, Verify, GetPublicKey): messages of 1 to 4,096 bytes, digests of
the algorithm's size, an exception for an invalid signature. Everything else of KMS is moto's.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import moto.kms.urls as kms_urls
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from moto.kms.models import Key
from moto.kms.responses import KmsResponse

from aft.sandbox.services.constraints import ModelConstraints
from aft.sandbox.services.moto_seams import Refusal, use_responses

MOST_BYTES = 4096
_HASHES = {
    "ECDSA_SHA_256": hashes.SHA256(),
    "ECDSA_SHA_384": hashes.SHA384(),
    "ECDSA_SHA_512": hashes.SHA512(),
}


class StrictKmsResponse(ModelConstraints, KmsResponse):
    """moto's answers, after the model's constraints; signatures of elliptic curves are ours, as
    moto signs the text of a message in base64 and knows no digests."""

    def sign(self) -> str:
        key = self._key("Sign")
        if not isinstance(_private(key), ec.EllipticCurvePrivateKey):
            return super().sign()
        algorithm = self._algorithm(key)
        made = _private(key).sign(self._message(), ec.ECDSA(algorithm))
        return self._answer(key, Signature=base64.b64encode(made).decode())

    def verify(self) -> str:
        key = self._key("Verify")
        if not isinstance(_private(key), ec.EllipticCurvePrivateKey):
            return super().verify()
        algorithm = self._algorithm(key)
        try:
            _private(key).public_key().verify(
                self._bytes("Signature"), self._message(), ec.ECDSA(algorithm)
            )
        except InvalidSignature:
            raise Refusal("KMSInvalidSignatureException", "") from None
        return self._answer(key, SignatureValid=True)

    def get_public_key(self) -> str:
        key = self._key("GetPublicKey")
        answer = json.loads(super().get_public_key())
        return json.dumps({**answer, "KeyId": key.arn, "KeySpec": key.key_spec})

    def _key(self, operation: str) -> Key:
        key_id = self._get_param("KeyId")
        self._validate_key_id(key_id)
        key = self.kms_backend.describe_key(key_id)
        if key.key_usage != "SIGN_VERIFY":
            if operation == "GetPublicKey":
                raise Refusal("UnsupportedOperationException", f"{key.arn} has no public key.")
            raise Refusal(
                "InvalidKeyUsageException",
                f"{key.arn} key usage is {key.key_usage} which is not valid for {operation}.",
            )
        if key.key_state == "PendingDeletion":
            raise Refusal("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        if not key.enabled and operation != "GetPublicKey":
            raise Refusal("DisabledException", f"{key.arn} is disabled.")
        return key

    def _algorithm(self, key: Key) -> Any:
        """How the message is hashed, or was."""
        name = self._get_param("SigningAlgorithm")
        if name not in key.signing_algorithms:
            raise Refusal(
                "InvalidKeyUsageException",
                f"Algorithm {name} is incompatible with key spec {key.key_spec}.",
            )
        algorithm, message = _HASHES[name], self._message()
        if not 1 <= len(message) <= MOST_BYTES:
            raise Refusal(
                "ValidationException",
                "1 validation error detected: Value at 'message' failed to satisfy constraint: "
                f"Member must have length between 1 and {MOST_BYTES}",
            )
        if self._get_param("MessageType", "RAW") != "DIGEST":
            return algorithm
        if len(message) != algorithm.digest_size:
            raise Refusal("ValidationException", f"Digest is invalid length for algorithm {name}.")
        return utils.Prehashed(algorithm)

    def _message(self) -> bytes:
        return self._bytes("Message")

    def _bytes(self, name: str) -> bytes:
        value = self._get_param(name)
        return value if isinstance(value, bytes) else base64.b64decode(value or "")

    def _answer(self, key: Key, **more: Any) -> str:
        algorithm = self._get_param("SigningAlgorithm")
        return json.dumps({"KeyId": key.arn, "SigningAlgorithm": algorithm, **more})


def _private(key: Key) -> Any:
    return getattr(key.private_key, "private_key", None)


def install() -> None:
    """Make moto's KMS strict in this process; again changes nothing."""
    use_responses(kms_urls, StrictKmsResponse)
