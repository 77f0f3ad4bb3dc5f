from __future__ import annotations

import pytest

from aft.runners.terraform.files import without_own_role
from aft.runners.terraform.hcl_text import HclProblem, hcl_blocks, position

ROLE = "arn:aws:iam::123456789012:role/Access"

GOOD = """\
# a comment with { and "
// another ( one
/* and
   a long } one */
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
locals {
  quoted  = "a \\" b ${upper("x{y")} c"
  escaped = "$${not} %%{a}"
  nested  = "${join(",", [for x in ["a", "}"] : "${x}-${length("{")}"])}"
  loop    = "%{ for x in var.list }${x}%{ endfor }"
  heredoc = <<-EOT
    { unbalanced ( "text
    ${var.a}
  EOT
  plain   = <<X
}}
X
}
resource "aws_x" "y" {
  a = [1, (2 + 3)]
  dynamic "b" {
    for_each = { k = "v" }
  }
}
output "Name" { value = 1 }
"""


def test_good_text_gives_its_blocks() -> None:
    blocks = {block.words: block for block in hcl_blocks(GOOD)}
    assert {("terraform",), ("locals",), ("resource", "aws_x", "y"), ("output", "Name")} == {
        words for words, block in blocks.items() if block.depth == 0
    }
    assert blocks["dynamic", "b"].depth == 1
    found = blocks["output", "Name"]
    assert GOOD[found.start : found.end] == 'output "Name" { value = 1 }'


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ('resource "a" "b" {\n  x = 1\n', 1, 18, "never closed"),
        ("a = [1, 2\nb = 3\n", 1, 5, "never closed"),
        ("a {\n}\n}\n", 3, 1, "closes nothing"),
        ("a {\n  b = [1\n}\n", 3, 1, "line 2 is still open"),
        ('a = "open\nb = 1\n', 1, 5, "not closed on its line"),
        ('a = "x ${foo(1"\n', 1, 5, "closed"),
        ("a = <<EOT\ntext\n", 1, 5, "never ended"),
        ("/* a comment\n", 1, 1, "never closed"),
    ],
)
def test_what_does_not_parse_has_a_place(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(HclProblem, match=words) as caught:
        hcl_blocks(text)
    found = position(text, caught.value.offset)
    assert found[0] == line
    if words != "closed":
        assert found == (line, column)


def test_only_the_own_roles_assumption_is_taken_out() -> None:
    text = f"""\
provider "aws" {{
  region = "x"
  assume_role {{
    role_arn     = "{ROLE}"
    tags         = {{ a = "b" }}
  }}
}}
provider "aws" {{
  alias = "other"
  assume_role = {{ role_arn = "arn:aws:iam::999999999999:role/Other" }}
}}
"""
    left = without_own_role(text, ROLE)
    assert ROLE not in left
    assert left.count("assume_role") == 1
    assert "role/Other" in left
    assert left.count("\n") == text.count("\n"), "errors keep their lines"
    assert without_own_role("provider {", ROLE) == "provider {"
