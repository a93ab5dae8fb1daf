select
    cast(measured.week as date) as week,
    cast(measured.weeks as bigint) as weeks,
    cast(measured.family as varchar) as family,
    cast(measured.instrument as varchar) as instrument,
    cast(measured.theme as varchar) as theme,
    cast(measured.comments as bigint) as comments,
    cast(measured.is_withheld as boolean) as is_withheld,
    cast(measured.share as double) as share,
    cast(measured.negative_share as double) as negative_share,
    cast(measured.mean_score_share as double) as mean_score_share,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'comment_themes') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
