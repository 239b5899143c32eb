"""The command ``hotline``, also as ``python -m hotline``: quiet when it is interrupted, from its first moment on."""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from hotline import cli

        cli.main()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
