"""Signatures as KMS makes them: by key usage, message type, size, and for those who may."""

from __future__ import annotations

import hashlib

import pytest
from builders_sandbox import refusal
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

ECDSA = "ECDSA_SHA_256"


@pytest.fixture
def kms(client):
    return client("kms")


@pytest.fixture
def key(kms):
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    return made["KeyMetadata"]["Arn"]


def test_a_signature_is_valid_for_its_message_alone(kms, key):
    made = kms.sign(KeyId=key, Message=b"head", SigningAlgorithm=ECDSA)
    assert made["KeyId"] == key
    public = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    public.verify(made["Signature"], b"head", ec.ECDSA(hashes.SHA256()))
    asked = {"KeyId": key, "SigningAlgorithm": ECDSA, "Signature": made["Signature"]}
    assert kms.verify(**asked, Message=b"head")["SignatureValid"] is True
    digest = hashlib.sha256(b"head").digest()
    assert kms.verify(**asked, Message=digest, MessageType="DIGEST")["SignatureValid"] is True
    assert refusal(kms.verify, **asked, Message=b"tail")[0] == "KMSInvalidSignatureException"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Message": b"x" * 4097}, "ValidationException"),
        ({"Message": b"x" * 31, "MessageType": "DIGEST"}, "ValidationException"),
        ({"MessageType": "OTHER"}, "ValidationException"),
        ({"SigningAlgorithm": "ECDSA_SHA_384"}, "InvalidKeyUsageException"),
        ({"SigningAlgorithm": "NONE"}, "ValidationException"),
        ({"KeyId": "00000000-0000-0000-0000-000000000000"}, "NotFoundException"),
    ],
)
def test_what_it_does_not_take(kms, key, changes, code):
    asked = {"KeyId": key, "Message": b"head", "SigningAlgorithm": ECDSA} | changes
    assert refusal(kms.sign, **asked)[0] == code


def test_keys_that_do_not_sign(kms, key):
    other = kms.create_key()["KeyMetadata"]["Arn"]
    asked = {"Message": b"head", "SigningAlgorithm": ECDSA}
    assert refusal(kms.sign, KeyId=other, **asked)[0] == "InvalidKeyUsageException"
    assert refusal(kms.get_public_key, KeyId=other)[0] == "UnsupportedOperationException"
    kms.disable_key(KeyId=key.rpartition("/")[2])
    assert refusal(kms.sign, KeyId=key, **asked)[0] == "DisabledException"
    kms.schedule_key_deletion(KeyId=key.rpartition("/")[2])
    assert refusal(kms.sign, KeyId=key, **asked)[0] == "KMSInvalidStateException"
