"""Secrets Manager: which secret an ARN means, and what is said of one that is not there.

Facts: the API reference (GetSecretValue, CreateSecret, DeleteSecret) and the user guide.
Everything else of Secrets Manager is moto's.
"""

from __future__ import annotations

from typing import Any, ClassVar

import moto.secretsmanager.urls as secretsmanager_urls
from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends
from moto.secretsmanager.responses import SecretsManagerResponse

from aft.sandbox.services.constraints import ModelConstraints
from aft.sandbox.services.moto_seams import Refusal, use_backend, use_responses

_NOT_FOUND = "Secrets Manager can't find the specified secret."
_DELETED = "You can't perform this operation on the secret because it was marked for deletion."
_SUFFIX = 7
"""Characters that Secrets Manager adds to a name: a hyphen and six more."""


class StrictSecretsManagerBackend(SecretsManagerBackend):
    """moto's Secrets Manager, in which an ARN means one secret of one account and region."""

    _url_module = property(lambda _: secretsmanager_urls)

    def get_secret_value(
        self, secret_id: str, version_id: str, version_stage: str
    ) -> dict[str, Any]:
        name = self._meant(secret_id)
        if self.secrets[name].is_deleted():
            raise Refusal("InvalidRequestException", _DELETED)
        return super().get_secret_value(name, version_id, version_stage)

    def _meant(self, secret_id: str) -> str:
        """The name of the secret: moto takes any ARN that ends like one."""
        if not secret_id.startswith("arn:"):
            if secret_id not in dict.keys(self.secrets):
                raise Refusal("ResourceNotFoundException", _NOT_FOUND)
            return secret_id
        for name, secret in dict.items(self.secrets):
            if secret_id in (secret.arn, secret.arn[:-_SUFFIX]):
                return str(name)
        raise Refusal("ResourceNotFoundException", _NOT_FOUND)


class StrictSecretsManagerResponse(ModelConstraints, SecretsManagerResponse):
    """moto's answers, after the model's constraints."""

    validation_code: ClassVar[str] = "ValidationException"

    def create_secret(self) -> str:
        self._check_one_value()
        return super().create_secret()

    def put_secret_value(self) -> str:
        self._check_one_value()
        return super().put_secret_value()

    def _check_one_value(self) -> None:
        if self._get_param("SecretString") and self._get_param("SecretBinary"):
            raise Refusal(
                "InvalidParameterException",
                "You can't specify both a binary secret value and a string secret value in the "
                "same secret.",
            )


def install() -> None:
    """Make moto's Secrets Manager strict in this process; again changes nothing."""
    use_backend(secretsmanager_backends, StrictSecretsManagerBackend)
    use_responses(secretsmanager_urls, StrictSecretsManagerResponse)
