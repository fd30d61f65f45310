{{ event_repeats(ref('int_email_event_records'), staged_email_events(['export_id', 'position', 'part', 'record'])) }}
