#!/bin/bash
# What auditors ask for first: where to look at this account. Lines in $AFT_OUTPUTS become outputs.
set -euo pipefail

auditor="https://signin.aws.amazon.com/switchrole?account=$VENDED_ACCOUNT_ID&roleName=acme-read-only"
echo "AuditorLink=$auditor" >> "$AFT_OUTPUTS"
echo "Auditors enter by $auditor"
