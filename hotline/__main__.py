"""``python -m hotline``: the same as the command ``hotline``."""

from hotline.cli import main

main()
