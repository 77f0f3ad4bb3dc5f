"""IAM actions that give out what people and programs keep in an account, rather than how it is set
up: what no session that only reads for a plan may call.
"""

from __future__ import annotations

import json

_RECORDS = """
    athena: GetQueryResults
    cassandra: Select
    codecommit: GetBlob GetFile GitPull
    dynamodb: BatchGetItem GetItem GetRecords PartiQLSelect Query Scan
    ebs: GetSnapshotBlock
    ec2: GetConsoleOutput GetConsoleScreenshot GetPasswordData
    ecr: BatchGetImage GetDownloadUrlForLayer
    kinesis: GetRecords SubscribeToShard
    logs: FilterLogEvents GetLogEvents GetLogRecord GetQueryResults StartLiveTail StartQuery
    rds: DownloadCompleteDBLogFile DownloadDBLogFilePortion
    rds-data: BatchExecuteStatement ExecuteStatement
    redshift-data: GetStatementResult
    secretsmanager: BatchGetSecretValue GetSecretValue
    sqs: ReceiveMessage
"""


def actions_in(table: str) -> tuple[str, ...]:
    """The actions of a table: each service with a colon, then the names of what is called there."""
    service, named = "", []
    for word in table.split():
        if word.endswith(":"):
            service = word
        else:
            named.append(service + word)
    return tuple(named)


RECORDS = actions_in(_RECORDS)
"""Records, messages, log lines, query results, layers of images, secrets."""
OBJECTS = ("s3:GetObject", "s3:GetObjectVersion")
DECRYPT = "kms:Decrypt"
"""AWS: the default key of Parameter Store lets every principal of the account decrypt what it reads
there, so that only a Deny keeps a role from SecureStrings."""
STATES = "arn:{partition}:s3:::*/${{aws:PrincipalAccount}}-aft-*"
"""Terraform states of the account that a session is in; the variable is IAM's."""


def without_data(*, partition: str, states: bool) -> str:
    """A session policy that denies data; with ``states`` Terraform's states are none. AWS (STS,
    AssumeRole): at most 2,048 characters."""
    objects = {"NotResource": STATES.format(partition=partition)} if states else {"Resource": "*"}
    statements = [
        {"Effect": "Deny", "Action": [*RECORDS, DECRYPT], "Resource": "*"},
        {"Effect": "Deny", "Action": OBJECTS, **objects},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
