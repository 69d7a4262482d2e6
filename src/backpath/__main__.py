"""``python -m backpath``: the command, where it is not on the path."""

from backpath.cli import main

if __name__ == "__main__":
    main(prog_name="python -m backpath")
