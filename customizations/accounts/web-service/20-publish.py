"""Tell the service's pipeline where its artifacts go, through SSM parameters."""


def customize(context):
    """Publish the outputs of the step before; safe to run again."""
    made = context.outputs["web-service/10-artifacts.cfn.yaml"]
    service = context.account.custom_fields["service"]
    ssm = context.client("ssm")
    for name, value in (("bucket", made["BucketName"]), ("alarm-topic", made["AlarmTopic"])):
        ssm.put_parameter(
            Name=f"/services/{service}/{name}", Value=value, Type="String", Overwrite=True
        )
        context.log(f"/services/{service}/{name} is {value}")
    return {"ParameterPath": f"/services/{service}"}
