"""`python -m spasmnet`: the command line."""

from spasmnet.cli.main import main

if __name__ == "__main__":
    main(prog_name="spasmnet")
