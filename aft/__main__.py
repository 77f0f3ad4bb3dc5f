"""``python -m aft``."""

from aft.cli.main import main

main()
