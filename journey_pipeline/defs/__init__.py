"""The graph: thin wiring of assets, checks, jobs and resources. What is computed lives in the modules beside."""
