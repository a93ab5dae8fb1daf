"""Experiments: people drawn by lot, and what the draw shows.

Holds the designs people declare, the effects with their intervals, the reading week by week, uplift, and the planning
of the next experiment. Add here: one module per question. Must not be here: who was drawn (SQL in `journeys`), any I/O
but the seed of the designs.
"""
