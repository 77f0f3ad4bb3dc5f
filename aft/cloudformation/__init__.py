"""What a CloudFormation template says, and what changing it does to its resources. Pure."""
