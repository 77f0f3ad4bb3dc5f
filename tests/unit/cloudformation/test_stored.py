"""What is kept of an applied template."""

from __future__ import annotations

import base64
import random
import zlib

import pytest

from aft.cloudformation.compare import compare_templates
from aft.cloudformation.read import parse_template
from aft.cloudformation.stored import from_stored, stored_form
from aft.cloudformation.template import TemplateError
from aft.values.packed import MAX_PACKED

TEXT = """
Description: what it is for
Parameters:
  Password: {Type: String, NoEcho: true, Default: hunter2}
  Name: {Type: String, Default: acme}
Resources:
  Artifacts:
    Type: AWS::S3::Bucket
    Metadata: {secret: hunter2}
    Properties: {BucketName: !Sub "${Name}-artifacts"}
  Topic:
    Type: AWS::SNS::Topic
    Condition: C
Conditions: {C: !Equals [a, a]}
Outputs: {Name: {Value: !GetAtt Artifacts.Arn}}
"""


def test_what_was_kept_says_the_same_as_the_template() -> None:
    stored = stored_form(TEXT)
    assert stored is not None
    assert compare_templates(from_stored(stored), parse_template(TEXT), {}).is_empty
    assert stored_form(TEXT.replace("for\n", "for # and more\n")) == stored


def test_no_secret_is_kept() -> None:
    plain = zlib.decompress(base64.b64decode(str(stored_form(TEXT)))).decode()
    assert "hunter2" not in plain
    assert "acme" in plain


def test_a_template_that_cannot_be_read_is_not_kept() -> None:
    assert stored_form("Resources: [") is None


def test_a_template_that_is_too_large_is_not_kept() -> None:
    noise = random.Random(1)  # so that it cannot be compressed
    name = "".join(noise.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=2 * MAX_PACKED))
    assert stored_form(TEXT.replace("acme", name)) is None


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "not base64!",
        base64.b64encode(b"not zlib").decode(),
        base64.b64encode(zlib.compress(b"\xff\xfe")).decode(),
        base64.b64encode(zlib.compress(b"Resources: ["))[:-4].decode(),
        base64.b64encode(zlib.compress(b"a" * (100 * MAX_PACKED))).decode(),
    ],
)
def test_what_is_damaged_is_said_to_be(stored: str) -> None:
    with pytest.raises(TemplateError):
        from_stored(stored)


@pytest.mark.parametrize("word", ["true", "'true'", "True", "yes", "'Yes'", "1"])
def test_no_spelling_of_noecho_lets_the_secret_through(word: str) -> None:
    stored = stored_form(TEXT.replace("NoEcho: true", f"NoEcho: {word}"))
    assert "hunter2" not in zlib.decompress(base64.b64decode(str(stored))).decode()
