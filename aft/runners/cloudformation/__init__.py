"""CloudFormation steps: stacks and change sets."""
