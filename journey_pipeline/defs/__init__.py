"""The graph: thin wiring of assets, checks, jobs and resources. What is computed lives in the modules beside."""

import warnings

import dagster as dg

# Each asset declares a backfill policy, a parameter that is in beta: Dagster would say so once per asset.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)
