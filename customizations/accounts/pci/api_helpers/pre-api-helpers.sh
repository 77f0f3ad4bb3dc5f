#!/bin/bash
# AFT's own names and places, so that folders of AFT run as they are. With a terraform/ folder
# next to it this would run before Terraform; without one, the two scripts are one step.
set -euo pipefail

echo "Checking that account $VENDED_ACCOUNT_ID may hold card data"
if ! grep -q '"data-class": "confidential"' "$AFT_INPUTS"; then
  echo "the request's tag data-class must be confidential" >&2
  exit 1
fi
