-- One row per click of a person: the links that win a race by their pulls (exponential clocks) among those to be seen.
create table human_clicks as
with raced as (
    select
        m.mailing_no,
        m.subscriber_no,
        m.k,
        m.esp,
        m.clicks,
        m.read_at,
        m.settled_at,
        l.link_no,
        l.path,
        l.element,
        l.content_category,
        row_number() over (
            partition by m.mailing_no, m.subscriber_no
            order by
                -ln(1 - draw(key_of(m.k, 'pull'), cast(l.link_no as varchar))) / (
                    l.pull
                    * case
                        when l.content_category = s.interest_1 then 3
                        when l.content_category = s.interest_2 then 1.8
                        else 1
                    end
                    * case l.element when 'guide' then m.guide_factor when 'video' then m.video_factor else 1 end
                ),
                l.link_no
        ) as turn
    from messages as m
    inner join subscribers as s on m.subscriber_no = s.subscriber_no
    inner join links as l on m.mailing_no = l.mailing_no
    where m.clicks > 0 and not l.is_hidden
),

turned as (
    select
        *,
        hash(xor(k, hash('human click ' || cast(link_no as varchar)))) as click_k,
        -- A first look, then link by link; one reader in eight opens them all at once.
        later(
            read_at,
            draw_between(k, 'first look', 2, 240)
            + (turn - 1) * case when draw(k, 'at once') < 0.12 then 0.6 else draw_between(k, 'next look', 8, 300) end
        ) as clicked_at
    from raced
    where turn <= clicks
)

select *, false as is_repeat from turned
union all
-- Now and then a link is clicked twice.
select
    * replace (
        key_of(click_k, 'again') as click_k,
        later(clicked_at, draw_between(click_k, 'again', 3, 600)) as clicked_at
    ),
    true
from turned
where draw(click_k, 'twice') < 0.06;
