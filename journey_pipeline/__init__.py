"""The open customer-journey pipeline."""
