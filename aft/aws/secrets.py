"""Secrets of Secrets Manager and Parameter Store, as the management account may read them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

from aft.aws.session import AwsSessions
from aft.errors import Denied, NotFound, Terminal
from aft.redaction import SHORTEST, hold
from aft.values.secret_arns import SECRETS_MANAGER, SecretArn

LARGEST = 64 * 1024
"""Bytes: AWS's limit for a secret."""


class AwsSecretReader:
    """Implements ``aft.ports.SecretReader``, each secret in its own region."""

    def __init__(self, sessions: AwsSessions) -> None:
        self._sessions = sessions

    def read(self, arn: str) -> str:
        secret = SecretArn.parse(arn)
        action = (
            "secretsmanager:GetSecretValue"
            if secret.service == SECRETS_MANAGER
            else "ssm:GetParameter"
        )
        try:
            value = self._value(secret)
        except NotFound as error:
            hint = "create it, or correct the ARN in customization.yaml and in aft.yaml"
            raise Terminal(
                f"there is no secret {arn}: {error.message}", hint=hint, code="NoSecret"
            ) from error
        except Denied as error:
            who = self._sessions.who_assumes
            raise Denied(
                f"secret {arn} must not be read: {error.message}",
                hint=f"allow {action} on {arn} to {who}, and kms:Decrypt on its key if that is a "
                "key of your own",
                code=error.code,
            ) from error
        _check(value, arn)
        hold(*spellings(value))
        return value

    def _value(self, secret: SecretArn) -> str:
        if secret.service == SECRETS_MANAGER:
            manager = self._sessions.management("secretsmanager", secret.region)
            answer = manager.get_secret_value(SecretId=secret.text)
            if "SecretString" not in answer:
                raise _unfit(secret.text, "it is binary", "store it as text, such as base64")
            return answer["SecretString"]
        parameters = self._sessions.management("ssm", secret.region)
        found = parameters.get_parameter(Name=secret.text, WithDecryption=True)["Parameter"]
        if found["Type"] != "SecureString":
            why = f"it is a parameter of type {found['Type']}, which is not encrypted"
            raise _unfit(secret.text, why, "store it as a SecureString")
        return found["Value"]


def _check(value: str, arn: str) -> None:
    """Raises ``Terminal`` for a value that cannot be kept out of text, or be in a variable."""
    if not any(len(line) >= SHORTEST for line in value.splitlines()):
        why = f"it has fewer than {SHORTEST} characters, and so could not be kept out of logs"
        raise _unfit(arn, why, "store a longer one")
    if "\0" in value or len(value.encode(errors="surrogatepass")) > LARGEST:
        raise _unfit(arn, "it does not fit into a variable", "store text of at most 64 KiB")


def _unfit(arn: str, why: str, hint: str) -> Terminal:
    return Terminal(f"secret {arn} cannot be given to a step: {why}", hint=hint, code="UnfitSecret")


def spellings(value: str) -> Iterator[str]:
    """``value``, the texts in it where it is JSON, and the beginning that all of its spellings in
    base64 have."""
    for text in (value, *_texts_in(value)):
        yield text
        raw = text.encode(errors="surrogatepass")
        yield base64.b64encode(raw[: len(raw) // 3 * 3]).decode()


def _texts_in(value: str) -> Iterator[str]:
    if not value.lstrip().startswith(("{", "[")):
        return
    try:
        todo: list[object] = [json.loads(value)]
    except (ValueError, RecursionError):
        return
    while todo:
        match todo.pop():
            case str() as text:
                yield text
            case dict() as found:
                todo.extend(found.values())
            case list() as found:
                todo.extend(found)
