"""`python -m journey_pipeline.cli` is `journey`."""

from journey_pipeline.cli import main

main()
