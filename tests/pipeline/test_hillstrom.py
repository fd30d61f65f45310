"""A real experiment from landing exports to marts: 64,000 customers, three arms (methods.md, section 3.1)."""

from tests.hillstrom import convert
from tests.pipeline.running import failure, published, run, settings_of
from tests.shared import HILLSTROM, needs

pytestmark = needs(HILLSTROM)


def test_the_marts_give_the_published_visits_orders_and_spend_per_arm(tmp_path):
    convert(HILLSTROM, tmp_path / "landing")
    result = run(settings_of(tmp_path, pinned_now=None))
    assert result.success, failure(result)
    arms = published(
        tmp_path,
        """
        select
            assigned.variant,
            count(distinct assigned.subscriber_key) as customers,
            count(distinct done.subscriber_key) filter (done.micro_conversion = 'site_engagement') as visits,
            count(*) filter (done.micro_conversion = 'order') as orders,
            cast(sum(done.value) filter (done.micro_conversion = 'order') as varchar) as spend
        from dim_assignments as assigned
        left join fct_micro_conversions as done using (subscriber_key)
        group by all order by all
        """,
    )
    assert [(n, visits, orders, spend) for _, n, visits, orders, spend in arms] == [
        (21_307, 3_894, 267, "30311.69"),
        (21_306, 2_262, 122, "13908.33"),
        (21_387, 3_238, 189, "23038.11"),
    ]
