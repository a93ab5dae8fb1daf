"""The eight words, in the order data flows. One word is a Dagster group, an asset-key prefix and a schema."""

FLOW = ("raw", "staging", "events", "identity", "journeys", "measures", "marts", "published")

# Lookups people edit. They are inputs like raw files, and built by the same dbt step as staging.
SEEDS = "seeds"


def left_of(word: str) -> tuple[str, ...]:
    """Every word whose gates must be green before `word` may be built."""
    left = FLOW[: FLOW.index(word)]
    return (*left, SEEDS) if word not in ("raw", "staging") else left
