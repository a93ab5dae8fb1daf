"""Predictions of each customer's next months, with their track record beside them.

Holds learners, baselines, backtests and their measures. Add a target as one entry of `targets.TARGETS`. Must not be
here: any I/O (`defs.predictions`), features and labels (the models `prediction_*` of the dbt project).
"""
