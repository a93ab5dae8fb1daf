"""When the graph runs: the weekly job, its schedule, and the sensor that notices new files.

Add a job or a trigger here. Must not be here: what a run does.
"""

import hashlib
from datetime import UTC, datetime, timedelta

import dagster as dg

from journey_pipeline.defs.notices import tell_of_failure
from journey_pipeline.defs.resources import WEEKS, Home, settings
from journey_pipeline.weeks import last_complete_week_end

weekly_release = dg.define_asset_job(
    "weekly_release",
    selection=dg.AssetSelection.all(),
    partitions_def=WEEKS,
    executor_def=dg.in_process_executor,
    description="Everything, from the inbox to the release, as of the end of one week.",
    tags={"dagster/max_runtime": 4 * 3600},
    hooks={tell_of_failure},
)

# Monday 05:00: the last exports of Sunday have been delivered, the report is there when people come in.
weekly_schedule = dg.build_schedule_from_partitioned_job(
    weekly_release, name="every_monday", hour_of_day=5, default_status=dg.DefaultScheduleStatus.STOPPED
)

QUIET_SECONDS = 60  # a file still being written changes within this time; wait until the inbox is quiet


@dg.sensor(
    name="new_files",
    job=weekly_release,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Runs the last complete week again when the files in the inbox have changed and come to rest.",
)
def new_files(context: dg.SensorEvaluationContext, home: Home) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run when the files of the inbox are others than at the last request, and have come to rest."""
    inbox = home.settings.inbox_folder
    files = [f for f in inbox.rglob("*") if f.is_file() and not f.is_symlink()] if inbox.exists() else []
    if not files:
        return dg.SkipReason(f"no files in {inbox.name}/")
    stats = sorted((str(f.relative_to(inbox)), f.stat().st_size, f.stat().st_mtime_ns) for f in files)
    seen = hashlib.sha256(repr(stats).encode()).hexdigest()
    now = datetime.now(UTC)
    if seen == context.cursor:
        return dg.SkipReason("no new files since the last run")
    if max(s[2] for s in stats) / 1e9 > now.timestamp() - QUIET_SECONDS:
        return dg.SkipReason("files are still arriving")
    context.update_cursor(seen)
    week = last_complete_week_end(now, settings.time_zone) - timedelta(days=7)
    return dg.RunRequest(run_key=seen, partition_key=week.isoformat())
