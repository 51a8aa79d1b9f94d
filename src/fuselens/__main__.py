"""`python -m fuselens`."""

from fuselens.cli.main import run

run()
