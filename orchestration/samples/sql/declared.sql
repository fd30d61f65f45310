-- What world.py declares, as tables; filled by generate.py.
create table engagements (engagement varchar, read_probability double, click_probability double, intent double);
create table domains (
    domain varchar, provider varchar, scanner varchar, scanner_agent varchar, scanned double, privacy_proxy double
);
create table agents (
    agent varchar, user_agent varchar, platform varchar,
    client_name varchar, client_company varchar, client_family varchar,
    system_name varchar, system_company varchar, system_family varchar
);
create table experiments (experiment varchar, control_variant varchar, first_mailing_at timestamp, in_payload boolean);
create table variants (
    experiment varchar, variant varchar, share_from double, share_to double, is_mailed boolean,
    read_factor double, guide_factor double, video_factor double
);
create table declared_mailings (
    mailing_no integer, campaign_id varchar, campaign_name varchar, kind varchar, esp varchar, stream varchar,
    subject varchar, preheader varchar, audience double, read_factor double, sent_from timestamp,
    seconds_after_sign_up bigint, is_staggered boolean, experiment varchar, category_1 varchar
);
create table links (
    mailing_no integer, link_no integer, path varchar, element varchar, element_type varchar, position integer,
    content_category varchar, is_hidden boolean, pull double
);

-- What repeats millions of times, in a byte each.
create type email_source as enum ('sendgrid', 'postmark');
create type email_event as enum (
    'processed', 'dropped', 'deferred', 'delivered', 'bounce', 'open', 'click', 'spamreport', 'unsubscribe',
    'group_unsubscribe', 'group_resubscribe'
);
create type actor as enum ('system', 'human', 'machine');
create type class as enum (
    'delivery', 'human', 'fast_human', 'mpp_person', 'mpp_flagged', 'mpp_unflagged', 'prefetch', 'scanner_burst',
    'scanner_two', 'scanner_single'
);
