"""What customers are expected to do next, and how well that is known."""
