"""Variables that a secret may be put into. Pure."""

from __future__ import annotations

import re

NAME_PATTERN = r"^([A-Z][A-Z0-9_]{0,63}|TF_VAR_[A-Za-z_][A-Za-z0-9_]{0,62})$"
"""Capital letters, digits and ``_``, and Terraform's variables."""
_TAKEN = re.compile(
    r"(AFT_|AWS_|BASH|CURL_|DYLD_|GCONV_|GIT_|GLIBC_|LANG|LC_|LD_|MALLOC_|NODE_|OPENSSL_|PERL|PIP_"
    r"|PYTHON|REQUESTS_|RUBY|SHELL|SSL_|TERM|TF_(?!VAR_)|VENDED_|TZ).*"
    r"|CUSTOMIZATION|DEFAULT_PATH|ENV|HOME|HTTPS?_PROXY|IFS|LOCPATH|NO_PROXY|PATH|PS[0-9]|TMPDIR"
    r"|VIRTUAL_ENV"
)
"""What says to a program what to run, whom to trust or where to find its files, and aft's own."""


def free_name(text: str) -> str:
    """``text``. Raises ``ValueError`` for a variable that has another meaning."""
    if _TAKEN.fullmatch(text):
        raise ValueError(f"{text} has another meaning for programs; choose another name")
    return text
