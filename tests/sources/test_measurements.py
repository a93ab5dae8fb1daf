"""Web vitals, errors and friction as each tracker delivers them: measurements, and no touchpoints."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.sources import test_ga4, test_mixpanel, test_segment, test_snowplow
from tests.sql.conftest import Rows


def hit(client: str, name: str, second: int = 0, value: Any = None, **given: Any) -> dict[str, Any]:
    """A record of a day that no other test delivers."""
    return test_ga4.hit(client, name, second, value, event_date="20261105", **given)


def vital(client: str, name: str, second: int, value: float, **given: Any) -> dict[str, Any]:
    """A hit as the web-vitals library's own example sends it: named after the metric, `value` is what is new."""
    made = hit(client, name, second, {"double_value": 0.01}, **given)
    made["event_params"].append({"key": "metric_value", "value": {"double_value": value}})
    return made


def visit(client: str, pages: int) -> list[dict[str, Any]]:
    """Pages two seconds apart, each with four vitals of its own."""
    return [
        each
        for second in range(0, 2 * pages, 2)
        for each in (
            hit(client, "page_view", second, ga_session_id="1"),
            *[
                vital(client, name, second, 1, metric_id=f"{name}-{second}", ga_session_id="1")
                for name in ("LCP", "FCP", "INP", "CLS")
            ],
        )
    ]


GA4 = test_ga4.lines(
    hit("c.vitals", "page_view"),
    vital("c.vitals", "LCP", 2, 2512.4, metric_id="v5-1", metric_rating="needs-improvement"),
    vital("c.vitals", "CLS", 3, 0.05, metric_id="v5-2", metric_rating="good"),
    vital("c.vitals", "CLS", 9, 0.31, metric_id="v5-2", metric_rating="poor"),
    vital("c.vitals", "INP", 9, 0, metric_id="v5-3", metric_rating="good"),
    vital("c.vitals", "web_vitals", 10, 640, metric_name="TTFB"),
    vital("c.vitals", "LCP", 10, -1, metric_id="v5-9"),
    vital("c.vitals", "FID", 10, 3, metric_id="v5-4"),
    hit("c.vitals", "exception", 11, description="x is undefined", fatal="false"),
    hit("c.vitals", "rage_click", 12, page_location=f"{test_ga4.WWW}sale?a=b"),
    *visit("c.reader", 8),
)
SNOWPLOW = "".join(
    [
        test_snowplow.event("v-page", domain_userid="d-vitals", contexts=test_snowplow.page("view-v")),
        test_snowplow.event(
            "v-vitals", "web_vitals", test_snowplow.at(3), domain_userid="d-vitals",
            contexts=test_snowplow.page("view-v"), unstruct_event=test_snowplow.told(
                "/web_vitals/jsonschema/1-0-0",
                {"lcp": 1908, "cls": 0.05, "fcp": None, "fid": 1.2, "inp": 36, "ttfb": 228.9},
            ),
        ),
        test_snowplow.event(
            "v-error", "application_error", test_snowplow.at(4), domain_userid="d-vitals",
            unstruct_event=test_snowplow.told(
                "/application_error/jsonschema/1-0-2", {"programmingLanguage": "JAVASCRIPT", "message": "no lamp"}
            ),
        ),
    ]
)  # fmt: skip
MIXPANEL = "".join(
    test_mixpanel.event(900 + number, name, distinct_id="$device:m-rage", device="m-rage", **given)
    for number, (name, given) in enumerate(
        [
            ("$mp_web_page_view", {"url": test_mixpanel.WWW}),
            ("$mp_rage_click", {"url": f"{test_mixpanel.WWW}cart"}),
            ("$mp_dead_click", {"url": f"{test_mixpanel.WWW}cart"}),
            ("Web Vital", {"metric": "LCP", "value": 3000}),
        ]
    )
)
SEGMENT = test_segment.lines(
    test_segment.message("page-e", "page", anonymousId="a-errors", url=f"{test_segment.WWW}/cart"),
    test_segment.message("rage", "track", event="$rageclick", anonymousId="a-errors", url=f"{test_segment.WWW}/cart"),
    test_segment.message("error", "track", event="Error Click", anonymousId="a-errors", url=f"{test_segment.WWW}/cart"),
    test_segment.message("crash", "track", event="Application Crashed", anonymousId="a-errors"),
    test_segment.message("vital", "track", event="Web Vitals", anonymousId="a-errors",
                         properties={"name": "CLS", "value": "0.2", "id": "v1"}),
)  # fmt: skip
FILES = {
    "ga4/analytics_1/events_20261105-000000000000.json.gz": GA4,
    "snowplow/run=2026-11-02-20-00-00/part-00000.tsv": SNOWPLOW,
    "mixpanel/project 9/2026-11-02.jsonl": MIXPANEL,
    "segment/segment-logs/sRcId1234ab/1793577600000/measured.gz": gzip.compress(SEGMENT),
}


def measured(rows: Rows, visitor: str) -> list[tuple[Any, ...]]:
    return rows(f"""
        select interaction_type, metric, value from events.measurements where visitor_id = '{visitor}' order by all
    """)


def test_each_vital_of_ga4_is_one_measurement_and_its_last_telling_counts(rows: Rows) -> None:
    assert measured(rows, "c.vitals") == [
        ("error", None, None),
        ("rage_click", None, None),
        ("web_vital", "CLS", 0.31),
        ("web_vital", "INP", 0.0),
        ("web_vital", "LCP", 2512.4),
        ("web_vital", "TTFB", 640.0),
    ]


def test_one_event_of_snowplow_tells_all_vitals_of_a_page(rows: Rows) -> None:
    assert measured(rows, "d-vitals") == [
        ("error", None, None),
        ("web_vital", "CLS", 0.05),
        ("web_vital", "INP", 36.0),
        ("web_vital", "LCP", 1908.0),
        ("web_vital", "TTFB", 228.9),
    ]


def test_frictions_are_read_under_the_names_autocapture_gives_them(rows: Rows) -> None:
    assert measured(rows, "m-rage") == [
        ("dead_click", None, None),
        ("rage_click", None, None),
        ("web_vital", "LCP", 3000.0),
    ]
    assert measured(rows, "a-errors") == [
        ("error", None, None),
        ("error_click", None, None),
        ("rage_click", None, None),
        ("web_vital", "CLS", 0.2),
    ]


@pytest.mark.parametrize("visitor", ["c.vitals", "d-vitals", "m-rage", "a-errors"])
def test_a_measurement_is_no_touchpoint(rows: Rows, visitor: str) -> None:
    """So it starts and lengthens no session, earns nothing and is evidence of no stage."""
    assert rows(f"select interaction_type from events.touchpoints where visitor_id = '{visitor}'") == [("page_view",)]


def test_pages_that_measure_themselves_make_no_robot(rows: Rows) -> None:
    assert len(measured(rows, "c.reader")) == 32
    assert rows("select count(*), bool_or(is_machine) from events.touchpoints where visitor_id = 'c.reader'") == [
        (8, False)
    ]


def test_the_page_and_the_device_of_a_measurement_are_kept_without_its_query(rows: Rows) -> None:
    assert rows("""
        select page_path, visitor_type from events.measurements
        where visitor_id = 'c.vitals' and interaction_type = 'rage_click'
    """) == [("/sale", "ga_client_id")]
