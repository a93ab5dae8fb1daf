"""Who is told when a run of the week fails or is refused: one notice a run, whoever started it.

Must not be here: what a notice says or how it travels (`notifications`).
"""

from collections.abc import Iterator

import dagster as dg

from journey_pipeline import notifications
from journey_pipeline.defs.resources import settings, week_end
from journey_pipeline.running import gates_that_spoke, step_fault

_told: set[str] = set()  # a run may fail in several steps


@dg.failure_hook(name="tell_of_failure")
def tell_of_failure(context: dg.HookContext) -> None:
    """Say why the run stopped, once."""
    if context.run_id in _told:
        return
    _told.add(context.run_id)
    run = context.instance.get_run_by_id(context.run_id)
    if run is None:
        return
    gates = _events(context, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    refusals, _ = gates_that_spoke(event.asset_check_evaluation_data for event in gates)
    faults = [
        fault for event in _events(context, dg.DagsterEventType.STEP_FAILURE) if (fault := step_fault(event, settings))
    ]
    notice = notifications.Notice(
        kind="failed" if faults else "refused",
        as_of=week_end(run.tags["dagster/partition"]).date(),
        run_id=context.run_id,
        lines=(*refusals, *faults),
    )
    for line in notifications.send(settings, notice):
        context.log.warning(line)


def _events(context: dg.HookContext, kind: dg.DagsterEventType) -> Iterator[dg.DagsterEvent]:
    for record in context.instance.get_records_for_run(context.run_id, of_type=kind).records:
        if record.event_log_entry.dagster_event is not None:
            yield record.event_log_entry.dagster_event
