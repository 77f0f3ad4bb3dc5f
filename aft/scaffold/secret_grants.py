"""What the role for applies may do with the secrets that ``aft.yaml`` grants to customizations."""

from __future__ import annotations

from collections.abc import Iterable

from aft.values.grants import Grant
from aft.values.secret_arns import PARAMETER_STORE, SECRETS_MANAGER, SecretArn


def secret_grants(arns: Iterable[str]) -> tuple[Grant, ...]:
    """For applies: reading exactly these secrets, and decrypting nothing else with keys of the
    account's own. AWS (Secrets Manager and Parameter Store, encryption context): what is decrypted
    is named by its ARN; the services' own keys need no permission."""
    found = sorted(map(SecretArn.parse, dict.fromkeys(arns)))
    kinds = (
        (SECRETS_MANAGER, "ReadGrantedSecrets", "secretsmanager:GetSecretValue", "SecretARN"),
        (PARAMETER_STORE, "ReadGrantedParameters", "ssm:GetParameter", "PARAMETER_ARN"),
    )
    grants: list[Grant] = []
    for service, sid, action, context in kinds:
        secrets = [item for item in found if item.service == service]
        if not secrets:
            continue
        texts = tuple(item.text for item in secrets)
        keys = {f"arn:{it.partition}:kms:{it.region}:{it.account_id}:key/*" for it in secrets}
        via = {f"{service}.{it.region}.{_suffix(it.partition)}" for it in secrets}
        why = "Secrets that customizations are granted in aft.yaml, each by its ARN."
        grants.append(Grant(sid=sid, why=why, actions=(action,), resources=texts))
        grants.append(
            Grant(
                sid=f"Decrypt{sid.removeprefix('Read')}",
                why="The same, where a key of the account's own encrypts them.",
                actions=("kms:Decrypt",),
                resources=tuple(sorted(keys)),
                conditions={
                    "StringEquals": {
                        "kms:ViaService": tuple(sorted(via)),
                        f"kms:EncryptionContext:{context}": texts,
                    }
                },
            )
        )
    return tuple(grants)


def _suffix(partition: str) -> str:
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
