-- A warehouse of three messages of one campaign and one order, small enough to be consistent by hand: message m1 was
-- opened, clicked and led to an order, m2 was delivered, m3 bounced. Every suite must pass on it.
create schema pipeline;
create schema raw;
create schema staging;
create schema seeds;
create schema intermediate;
create schema marts;
create schema retained;
create table retained.erased_subjects (subscriber_key varchar);

create table pipeline.exports as
select * from (values
    ('e1', 'sendgrid', 'a.json', 'c1', 100, 8, 8, 0, 'published', null, timestamp '2026-01-03', timestamp '2026-01-03'),
    ('e2', 'segment', 'b.json', 'c2', 100, 1, 1, 0, 'published', null, timestamp '2026-01-03', timestamp '2026-01-03'),
    ('e3', 'sendgrid', 'c.json', 'c3', 0, 0, 0, 0, 'quarantined', 'empty', timestamp '2026-01-03', null),
    ('e4', 'links', 'd.csv', 'c4', 100, 1, 1, 0, 'published', null, timestamp '2026-01-03', timestamp '2026-01-03')
) as rows(
    export_id, source, file_name, content_sha256, bytes, records, records_loaded, records_rejected, status, reason,
    seen_at, published_at
);

create table pipeline.check_results as
select
    'r1' as run_id, 'sendgrid' as suite, 'e1' as batch, 'records_are_readable' as expectation,
    'rejected_share' as column_name, true as success, '0 of 8 records rejected' as observed,
    0::bigint as unexpected_count, 'critical' as severity, timestamp '2026-01-03' as checked_at;

create table seeds.email_service_providers as select 'sendgrid' as esp, true as reports_delivered;

create table seeds.micro_conversion_definitions as
select * from (values
    ('open', 'open', 1, 1, false, 'opened'),
    ('click', 'click', 2, 5, false, 'clicked'),
    ('order', 'order', 4, 20, true, 'Order Completed|purchased')
) as rows(micro_conversion, family, stage, weight, is_macro, event);

create table raw.links as
select 'e4' as export_id, 1::bigint as position, '{"url_pattern": "/boots", "element": "hero"}' as record;

create table staging.stg_assignments__arms as
select
    'subject' as experiment, 's1' as subscriber_key, 'a' as variant, false as is_ambiguous,
    timestamp '2026-01-01' as assigned_at;

create table intermediate.int_email_events as
select
    event_key, 'e1' as export_id, row_number() over () as position, 1 as part, subscriber_key, message_key, 'sendgrid' as esp,
    event_type, null::varchar as event_subtype, event_type as raw_event_type, 'human' as actor, false as is_machine,
    'none' as machine_basis, 'spring' as campaign_id, 'Spring' as campaign_name, 'subject' as experiment, variant,
    null::varchar as message_stream, 'example.com' as recipient_domain, 'other' as mailbox_provider, url,
    null::varchar as url_query, null::integer as link_position, device_type, null::varchar as email_client, bounce_type,
    null::varchar as reason, null::double as read_seconds, null::varchar as order_id, null::decimal(18, 4) as revenue,
    null::varchar as currency, occurred_at, null::timestamp as sent_at
from (values
    ('v1', 's1', 'm1', 'sent', 'a', null, null, null, timestamp '2026-01-01 10:00:00'),
    ('v2', 's1', 'm1', 'delivered', 'a', null, null, null, timestamp '2026-01-01 10:00:05'),
    ('v3', 's1', 'm1', 'opened', 'a', null, 'mobile', null, timestamp '2026-01-01 11:00:00'),
    ('v4', 's1', 'm1', 'clicked', 'a', 'https://shop.example/boots', 'mobile', null, timestamp '2026-01-01 11:01:00'),
    ('v5', 's2', 'm2', 'sent', 'b', null, null, null, timestamp '2026-01-01 10:00:00'),
    ('v6', 's2', 'm2', 'delivered', 'b', null, null, null, timestamp '2026-01-01 10:00:07'),
    ('v7', 's3', 'm3', 'sent', 'b', null, null, null, timestamp '2026-01-01 10:00:00'),
    ('v8', 's3', 'm3', 'bounced', 'b', null, null, 'hard', timestamp '2026-01-01 10:00:03')
) as rows(event_key, subscriber_key, message_key, event_type, variant, url, device_type, bounce_type, occurred_at);

create table intermediate.int_email_event_records as
select export_id, position, part, event_type, occurred_at from intermediate.int_email_events;

create table intermediate.int_site_events as
select
    'w1' as site_event_key, 'e2' as export_id, 1::bigint as position, 's1' as subscriber_key,
    'Order Completed' as event_name, 'https://shop.example/thanks' as page_url, null::varchar as page_query,
    null::varchar as message_parameter, null::varchar as context_campaign_id, null::varchar as context_campaign_name,
    'o1' as order_id, 59.90::decimal(18, 4) as amount, 'USD' as currency, '{"category": "boots"}' as properties,
    'mobile' as device_type, timestamp '2026-01-01 12:00:00' as occurred_at;

create table intermediate.int_site_event_records as
select export_id, position, 'track' as call_type, event_name, occurred_at from intermediate.int_site_events
union all
select 'e2', 2, 'identify', null, timestamp '2026-01-01 12:00:00';

create table intermediate.int_orders as
select
    'k1' as order_key, 'w1' as event_key, 'o1' as order_id, false as lacks_rate, 's1' as subscriber_key, 'm1' as message_key, 'g1' as campaign_key,
    timestamp '2026-01-01 11:01:00' as click_at, timestamp '2026-01-01 12:00:00' as ordered_at,
    59.90::decimal(18, 2) as revenue;

create table marts.fct_messages as
select
    message_key, subscriber_key, 'g1' as campaign_key, variant, 'sendgrid' as esp, 'other' as mailbox_provider,
    timestamp '2026-01-01 10:00:00' as sent_at, delivered_at, bounced_at, bounce_type, null::timestamp as complained_at,
    null::timestamp as unsubscribed_at, opened_at as first_opened_at, opened_at as human_first_opened_at,
    clicked_at as human_first_clicked_at, converted_at, opens, opens as human_opens, clicks, clicks as human_clicks,
    false as machine_only_open, null::double as read_seconds, null::varchar as read_band, 'unknown' as device_type,
    null::varchar as email_client, revenue::decimal(18, 2) as revenue
from (values
    ('m1', 's1', 'a', timestamp '2026-01-01 10:00:05', null::timestamp, null, timestamp '2026-01-01 11:00:00',
        timestamp '2026-01-01 11:01:00', timestamp '2026-01-01 12:00:00', 1::bigint, 1::bigint, 59.90),
    ('m2', 's2', 'b', timestamp '2026-01-01 10:00:07', null, null, null, null, null, 0, 0, null),
    ('m3', 's3', 'b', null, timestamp '2026-01-01 10:00:03', 'hard', null, null, null, 0, 0, null)
) as rows(
    message_key, subscriber_key, variant, delivered_at, bounced_at, bounce_type, opened_at, clicked_at, converted_at,
    opens, clicks, revenue
);

create table marts.dim_micro_conversions as
select micro_conversion, family, stage, weight, is_macro, event as definition from seeds.micro_conversion_definitions;

create table marts.fct_micro_conversions as
select
    'f' || event_key as micro_conversion_key, micro_conversion, 's1' as subscriber_key, 'm1' as message_key,
    'g1' as campaign_key, 'a' as variant, link_key, content_category, null::varchar as element, occurred_at,
    seconds_since_delivery, 'mobile' as device_type, null::varchar as email_client, value::decimal(18, 2) as value,
    event_key
from (values
    ('v3', 'open', null, null, timestamp '2026-01-01 11:00:00', 3595::bigint, null),
    ('v4', 'click', 'l1', 'boots', timestamp '2026-01-01 11:01:00', 3655, null),
    ('w1', 'order', null, 'boots', timestamp '2026-01-01 12:00:00', 7195, 59.90)
) as rows(event_key, micro_conversion, link_key, content_category, occurred_at, seconds_since_delivery, value);

create table marts.dim_campaigns as
select
    'g1' as campaign_key, 'sendgrid' as esp, 'spring' as campaign_id, 'Spring' as campaign_name,
    'newsletter' as campaign_type, 'Boots' as subject, timestamp '2026-01-01 10:00:00' as sent_from_at,
    timestamp '2026-01-01 10:00:00' as sent_to_at, 30.00::decimal(18, 2) as cost;

create table marts.dim_campaign_variants as
select * from (values
    ('g1', 'a', 'subject', true, 'Boots', null::varchar, 10.00::decimal(18, 2)),
    ('g1', 'b', 'subject', false, 'New boots', null, 20.00)
) as rows(campaign_key, variant, experiment, is_control, subject, preheader, cost);

create table marts.dim_links as
select
    'l1' as link_key, 'g1' as campaign_key, 'https://shop.example/boots' as url, 'hero' as element,
    'button' as element_type, 1 as position, 'boots' as content_category, false as is_hidden;

create table marts.dim_assignments as
select
    'subject' as experiment, 's1' as subscriber_key, 'a' as variant, true as is_control,
    timestamp '2026-01-01' as assigned_at;

create table marts.campaign_performance as
select
    'g1' as campaign_key, variant, date '2026-01-01' as sent_on, sent, delivered, bounced_hard, 0::bigint as bounced_soft,
    0::bigint as complaints, 0::bigint as unsubscribes, engaged as human_unique_opens, delivered as open_measurable,
    engaged / nullif(delivered, 0) as human_open_rate, engaged as human_unique_clicks,
    engaged / nullif(delivered, 0) as human_click_rate, engaged / nullif(engaged, 0) as human_click_to_open_rate,
    case when engaged > 0 then 0.0::double end as machine_open_share,
    case when engaged > 0 then 0.0::double end as machine_click_share, null::double as estimated_open_rate,
    engaged as conversions, engaged as converted_messages, engaged / nullif(delivered, 0) as conversion_rate,
    revenue::decimal(18, 2) as revenue, true as is_closed
from (values
    ('a', 1::bigint, 1::bigint, 0::bigint, 1::bigint, 59.90), ('b', 2, 1, 1, 0, 0)
) as rows(variant, sent, delivered, bounced_hard, engaged, revenue);

create table marts.campaign_funnel as
select
    'g1' as campaign_key, variant, step, step_number, messages, messages / nullif(previous, 0) as step_rate,
    case when previous > 0 then 0.0::double end as step_rate_lo, case when previous > 0 then 1.0::double end as step_rate_hi,
    messages / sent as overall_rate, case when messages > 0 and previous > 0 then 5.0::double end as median_seconds_from_previous,
    true as is_closed
from (values
    ('a', 1::bigint, 'sent', 1, 1::bigint, null::bigint), ('a', 1, 'delivered', 2, 1, 1), ('a', 1, 'open', 3, 1, 1),
    ('a', 1, 'click', 4, 1, 1), ('a', 1, 'deep_micro_conversion', 5, 0, 1), ('a', 1, 'macro_conversion', 6, 0, 0),
    ('b', 2, 'sent', 1, 2, null), ('b', 2, 'delivered', 2, 1, 2), ('b', 2, 'open', 3, 0, 1), ('b', 2, 'click', 4, 0, 0),
    ('b', 2, 'deep_micro_conversion', 5, 0, 0), ('b', 2, 'macro_conversion', 6, 0, 0)
) as rows(variant, sent, step, step_number, messages, previous);

create table marts.funnel_daily as
select
    date '2026-01-01' as sent_on, step, step_number, 'unknown' as device_type, messages,
    messages / nullif(previous, 0) as step_rate, messages / 3 as overall_rate
from (values
    ('sent', 1, 3::bigint, null::bigint), ('delivered', 2, 2, 3), ('open', 3, 1, 2), ('click', 4, 1, 1),
    ('deep_micro_conversion', 5, 0, 1), ('macro_conversion', 6, 0, 0)
) as rows(step, step_number, messages, previous);

create table marts.dim_subscribers as
select
    subscriber_key, timestamp '2026-01-01 10:00:00' as first_seen_at, timestamp '2026-01-01 10:00:00' as last_sent_at,
    engaged_at as last_human_engaged_at, delivered as messages_delivered, engaged as human_opens, engaged as human_clicks,
    0 as deep_conversions, engaged as orders, revenue::decimal(18, 2) as revenue, delivered = 1 as is_subscribed,
    'mobile' as preferred_device, 26.0 * engaged as engagement_score, 'new' as engagement_tier, 'new' as persona,
    null::integer as rfm_recency, null::integer as rfm_frequency, null::integer as rfm_value, 'new' as sunset_status
from (values
    ('s1', timestamp '2026-01-01 12:00:00', 1, 1, 59.90), ('s2', null, 1, 0, 0), ('s3', null, 0, 0, 0)
) as rows(subscriber_key, engaged_at, delivered, engaged, revenue);

create table marts.subscriber_engagement_daily as
select
    subscriber_key, date '2026-01-01' as day_on, engagement_score, engagement_tier, persona,
    timestamp '2026-01-01 12:00:00' as as_of_at
from marts.dim_subscribers;

create table marts.segment_membership as
select
    'buyers' as segment, 's1' as subscriber_key, timestamp '2026-01-01 12:00:00' as entered_at,
    null::timestamp as left_at, true as is_current, 'orders >= 1' as definition;

create table marts.subscriber_interests as
select
    's1' as subscriber_key, 'boots' as content_category, 2.0::double as weighted_events, 1.0::double as affinity,
    1.0::double as lift, 0.5::double as confidence, 1::bigint as interest_rank, timestamp '2026-01-01 12:00:00' as last_at;

create table marts.send_time as
select
    subscriber_key, 33 as best_hour_of_week, 0.3::double as best_rate, 0.2::double as baseline_rate,
    0.3::double - 0.2::double as expected_gain, 'account' as evidence_level, messages_delivered as observations,
    human_clicks as responses
from marts.dim_subscribers;

create table marts.unsubscribe_risk as
select
    subscriber_key, case when is_subscribed then 0.01::double end as probability_unsubscribe,
    case when is_subscribed then 'medium' end as risk_band, null::varchar as main_reason, 1::bigint as like_messages,
    0::bigint as like_losses
from marts.dim_subscribers;

create table marts.machine_traffic_daily as
select
    'd1' as recipient_domain_key, null::varchar as recipient_domain, date '2026-01-01' as day_on, 1::bigint as opens,
    0::bigint as machine_opens, 1::bigint as clicks, 0::bigint as machine_clicks, 0.0::double as machine_click_share,
    null::varchar as top_reason;

create table marts.fct_event_classification as
select
    event_key, message_key, subscriber_key, event_type, actor, 'human' as class, 0.1::double as score,
    null::varchar as reasons, null::varchar as leading_reason, '1' as rule_version, occurred_at
from intermediate.int_email_events
where event_type in ('opened', 'clicked');

create table marts.experiment_results as
select
    'subject' as experiment, 'order_rate' as metric, 'b' as variant, 'a' as control, 100::bigint as n,
    10::bigint as successes, 0.1::double as mean, 100::bigint as n_control, 20::bigint as successes_control,
    0.2::double as mean_control, -0.1::double as effect, -0.2::double as effect_lo, 0.0::double as effect_hi,
    -0.5::double as relative_effect, -1.98::double as z, 0.048::double as p_value, 0.048::double as p_adjusted,
    -0.3::double as always_valid_lo, 0.1::double as always_valid_hi, 0.03::double as probability_best,
    0.1::double as expected_loss, 1.0::double as srm_p_value, 0.16::double as minimum_detectable_effect, 'worse' as verdict,
    null::double as adjusted_effect;

create table marts.attribution as
select
    'fw1' as macro_conversion_key, 'm1' as message_key, 'g1' as campaign_key, model, 1.0::double as credit,
    59.90::decimal(18, 2) as revenue, timestamp '2026-01-01 11:01:00' as touch_at,
    timestamp '2026-01-01 12:00:00' as converted_at
from (values ('first'), ('last'), ('linear'), ('position'), ('time_decay')) as rows(model);

create table marts.campaign_attribution as
select
    'g1' as campaign_key, model, 1.0::double as conversions, 59.90::decimal(18, 2) as revenue,
    case when model = 'markov' then 1.0::double end as removal_effect
from (
    values ('first'), ('last'), ('linear'), ('position'), ('time_decay'), ('markov'), ('shapley')
) as rows(model);

create table marts.micro_conversion_value as
select
    micro_conversion, 'order' as macro_conversion, 1::bigint as subscribers_with, 2::bigint as subscribers_without,
    1.0::double as rate_with, 0.0::double as rate_without, null::double as association_ratio,
    null::double as adjusted_ratio, null::double as adjusted_ratio_lo, null::double as adjusted_ratio_hi,
    0.1::double as incremental_ratio, 0.05::double as incremental_ratio_lo, 0.15::double as incremental_ratio_hi,
    'A' as evidence_grade, 'driver' as verdict
from marts.dim_micro_conversions
where not is_macro;

create table marts.campaign_roi as
select
    'g1' as campaign_key, 30.00::decimal(18, 2) as cost, 59.90::decimal(18, 2) as attributed_revenue,
    40.00::decimal(18, 2) as incremental_revenue, 20.00::decimal(18, 2) as incremental_revenue_lo,
    60.00::decimal(18, 2) as incremental_revenue_hi, (40.0 - 30.0) / 30.0 as roi, 30.0::double as cost_per_conversion,
    1.0::double as suggested_share;

create table marts.deliverability_daily as
select
    'other' as mailbox_provider, date '2026-01-01' as sent_on, 3::bigint as sent, 2::bigint as delivered,
    1::bigint as hard_bounces, 0::bigint as soft_bounces, 0::bigint as complaints, 0.0::double as complaint_rate,
    0.0::double as complaint_rate_lo, 0.66::double as complaint_rate_hi, 1::double / 3 as bounce_rate, 'watch' as status;

create table marts.content_elements as
select
    'g1' as campaign_key, 'a' as variant, 'l1' as link_key, 'hero' as element, 'button' as element_type, 1 as position,
    'boots' as content_category, 1::bigint as delivered, 1::bigint as human_clicks, 1::bigint as human_unique_clicks,
    1.0::double as human_click_rate, 0.21::double as human_click_rate_lo, 1.0::double as human_click_rate_hi,
    0.5::double as expected_click_rate, 2.0::double as lift_over_position, 1::bigint as conversions,
    59.90::decimal(18, 2) as revenue;
create table seeds.goals as
select
    'more clicks' as goal, 'human_click_rate' as metric, 'all' as scope, 0.04::double as target, 'month' as period,
    date '2025-12-01' as starts_on;

create table marts.goal_progress as
select
    'more clicks' as goal, date '2026-01-01' as period_start_on, 'human_click_rate' as metric, 'all' as scope,
    0.04::double as target, 0.5::double as actual, 0.1::double as actual_lo, 0.9::double as actual_hi,
    0.5::double as projected, 1.0::double as probability_of_reaching, 'reached' as status;

create table marts.metric_trends as
select
    'human_click_rate' as metric, 'all' as scope, period_start_on, 1.0::double as numerator,
    2.0::double as denominator, 0.5::double as value, 0.5::double as ewma, 0.4::double as ewma_lo,
    0.6::double as ewma_hi, 0.0::double as trend_z, 0.0::double as sen_slope, 'in_control' as status
from (values (date '2025-12-29'), (date '2026-01-05')) as rows(period_start_on);

create table marts.metric_forecasts as
select
    'orders' as metric, 'all' as scope, date '2026-02-01' as target_on, 1.0::double as forecast,
    0.5::double as forecast_lo, 1.5::double as forecast_hi, 'ETS(A,N,A)' as model, 0.8::double as mase,
    true as beats_naive;

create table marts.frequency_fatigue as
select * from (values
    ('new', 1, 1::bigint, 1.0::double, 0.0::double, 0.0::double, 'undersaturated'),
    ('new', 2, 1, 0.0, 0.0, 0.0, 'on_target')
) as rows(
    engagement_tier, sends_in_28_days, messages, human_click_rate, unsubscribe_rate, complaint_rate, band
);

create table marts.frequency_fatigue_weekly as
select * rename (sends_in_28_days as sends_in_7_days) from marts.frequency_fatigue;

create table marts.segment_performance as
select
    'buyers' as segment, date '2026-01-01' as month_on, 1::bigint as subscribers, 1::bigint as delivered,
    1.0::double as human_click_rate, 0.21::double as human_click_rate_lo, 1.0::double as human_click_rate_hi,
    0.0::double as unsubscribe_rate, 1.0::double as conversion_rate, 59.90::double as revenue_per_delivered;

create table marts.cohort_retention as
select * from (values
    (date '2026-01-01', 0, 3::bigint, 1::bigint, 1::double / 3, 1.0::double, 0.44::double, 1.0::double),
    (date '2026-01-01', 1, 3, 0, 0.0, 0.5, 0.1, 0.9)
) as rows(cohort_month_on, age_weeks, subscribers, active, active_rate, survival, survival_lo, survival_hi);

create table marts.warmup_plan as
select * from (values
    ('news', date '2026-01-01', 3::bigint, 3::bigint, 'engaged_30', true, 'ok'),
    ('news', date '2026-01-02', 6, 0, 'engaged_30', false, 'nothing_sent'),
    ('news', date '2026-02-01', 6, null, 'everybody', null, 'to_come')
) as rows(stream, day_on, planned, actual, audience, ok_to_ramp, reason);

create table marts.new_subscriber_projection as
select
    date '2026-01-01' as cohort_month_on, 'orders' as metric, 0::bigint as age_weeks, 0.3::double as expected,
    0.1::double as expected_lo, 0.6::double as expected_hi, 0.33::double as observed;

create table marts.content_features as
select * from (values
    ('subject_question', 'no', 1::bigint, 1::bigint, 1.0::double, null::double, null::double, null::double, null::double, null),
    ('subject_question', 'yes', 1, 1, 0.0, -1.0, -1.0, 0.2, 0.3, 'randomised')
) as rows(
    feature, level, campaigns, delivered, human_click_rate, effect, effect_lo, effect_hi, p_adjusted, evidence
);

create table seeds.segment_definitions as select 'engaged' as segment, 'engagement_tier = engaged_30' as condition;

create table intermediate.int_triggers as
select 'welcome_back' as trigger, 'click' as micro_conversion, 'engaged' as segments;

create table marts.follow_ups as
select
    'f1' as follow_up_key, 'welcome_back' as trigger, facts.subscriber_key, facts.micro_conversion_key,
    facts.micro_conversion, facts.occurred_at as triggered_at, facts.occurred_at as due_at, 'delivered' as status,
    null::varchar as suppressed_reason, facts.occurred_at as delivered_at
from marts.fct_micro_conversions as facts
where facts.micro_conversion = 'click';

create table marts.trigger_latency as
select
    'welcome_back' as trigger, date '2026-01-01' as day_on, 1::bigint as follow_ups, 1.0::double as p50_seconds,
    2.0::double as p95_seconds, 0.0::double as late_share, 1.0::double as conversion_rate;

create view marts.exports as select * from pipeline.exports;
create view marts.data_quality as select * from pipeline.check_results;
create view marts.publication as
select timestamp '2026-01-03' as published_at, timestamp '2026-01-03' as data_as_of, 'r1' as run_id;

create table marts.dim_days as
select
    cast(day as date) as day_on,
    cast(date_trunc('week', day) as date) as week_on,
    cast(date_trunc('month', day) as date) as month_on
from range(date '2025-12-30', date '2026-01-03', interval 1 day) as days(day);
