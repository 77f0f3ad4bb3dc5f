"""The edge to AWS: the only importer of boto3 and botocore except for the sandbox.

Nothing is imported here, so that naming the package costs nothing.
"""
