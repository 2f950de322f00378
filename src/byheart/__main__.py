"""`python -m byheart` is the command `byheart`."""

from byheart.cli.app import main

if __name__ == "__main__":
    raise SystemExit(main())
