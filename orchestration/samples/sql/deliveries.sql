-- What arrives, and in which file: each event once, and a share of them once more in a later file, word for word.
-- Sorted by file, so that writing one reads only its own rows.
create table email_deliveries as
select e.*, arrives_at(k, occurred_at) as arrived_at, bucket_of_first(k, occurred_at) as bucket, 0 as repetition
from email_events as e
where list_contains(wanted_sources(), source)
union all
select e.*, repeated_at(k, occurred_at), bucket_of_repeat(k, occurred_at), 1
from email_events as e
where is_repeated(k) and list_contains(wanted_sources(), source)
order by source, bucket;

create table site_deliveries as
select c.*, arrives_at(k, occurred_at) as arrived_at, bucket_of_first(k, occurred_at) as bucket, 0 as repetition
from site_calls as c
where list_contains(wanted_sources(), source)
union all
select c.*, repeated_at(k, occurred_at), bucket_of_repeat(k, occurred_at), 1
from site_calls as c
where is_repeated(k) and list_contains(wanted_sources(), source)
order by source, bucket;
