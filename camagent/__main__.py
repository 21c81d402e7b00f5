"""`python -m camagent`."""

from camagent.cli.main import main

main()
