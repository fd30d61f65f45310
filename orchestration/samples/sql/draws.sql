-- Chance without state: a draw is a hash of a key and of what is drawn, so that any row can be drawn in any order, in
-- any number, and comes out the same. One argument per hash: DuckDB combines the hashes of several by XOR, which would
-- make two draws of one key functions of each other.

create macro key_of(k, salt) as hash(xor(k, hash(salt)));

-- The key of the n-th thing of a kind.
create macro nth_key(n, kind) as key_of(hash(xor(hash(cast(n as ubigint)), seed_key())), kind);

-- Uniform in [0, 1), 53 bits.
create macro draw(k, salt) as (key_of(k, salt) >> 11) * 1.1102230246251565e-16;

-- Standard normal, by Box and Muller.
create macro draw_normal(k, salt) as
    sqrt(-2 * ln(1 - draw(k, salt || ' radius'))) * cos(2 * pi() * draw(k, salt || ' angle'));

-- Log-uniform between two positive bounds.
create macro draw_between(k, salt, low, high) as low * pow(high / low, draw(k, salt));

-- A moment a number of seconds later, to the microsecond.
create macro later(moment, seconds) as make_timestamp(epoch_us(moment) + cast(round(seconds * 1000000) as bigint));

-- ---- identifiers and texts of the payloads ------------------------------------------------------------------------

create macro uuid_of(k) as cast(cast(md5(cast(k as varchar)) as uuid) as varchar);

-- 22 characters, as SendGrid's ids have.
create macro token_of(k) as left(md5(cast(k as varchar)), 22);

-- A person's address: mostly IPv6, so that two people rarely share one.
create macro address_of(k) as case
    when draw(k, 'address version') < 0.9 then format(
        '2001:db8:{:x}:{:x}::{:x}', k & 65535, (k >> 16) & 65535, 1 + ((k >> 32) & 65535)
    )
    else format('{}{}', case (k >> 8) & 1 when 0 then '198.51.100.' else '203.0.113.' end, 1 + (k & 127))
end;

create macro iso_milliseconds(moment) as strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ');

-- JSON text of a key and its text value with a leading comma; nothing where there is no value. The texts of this world
-- hold no character that JSON escapes.
create macro json_text(key, val) as case when val is null then '' else concat(',"', key, '":"', val, '"') end;

create macro circular_hours(a, b) as least(abs(a - b), 24 - abs(a - b));

-- One message in five is read on another device than usual, on which it is then also clicked.
create macro device_of(message_k, subscriber_k, usual) as
    case when draw(message_k, 'device') < 0.2 then pick_device(draw(subscriber_k, 'second device')) else usual end;

-- ---- how a webhook delivers ---------------------------------------------------------------------------------------

create macro is_late(k) as draw(k, 'late') < late_share();
create macro is_repeated(k) as draw(k, 'repeated') < duplicate_share();

create macro arrives_at(k, occurred_at) as later(
    occurred_at,
    case
        when is_late(k) then 3600 * draw_between(k, 'lateness', late_from(), late_to())
        else draw_between(k, 'transport', 1, 60)
    end
);
create macro repeated_at(k, occurred_at) as later(arrives_at(k, occurred_at), draw_between(k, 'retry', 60, 36000));

-- The number of the file that a moment falls into.
create macro bucket_of(moment) as
    cast((epoch_us(moment) - epoch_us(starts_at())) // bucket_us() as integer);

-- A late delivery stands in a later file than its time would have it, a repeated one in a later file than the first.
create macro bucket_of_first(k, occurred_at) as case
    when is_late(k) then greatest(bucket_of(arrives_at(k, occurred_at)), bucket_of(occurred_at) + 1)
    else bucket_of(arrives_at(k, occurred_at))
end;
create macro bucket_of_repeat(k, occurred_at) as
    greatest(bucket_of(repeated_at(k, occurred_at)), bucket_of_first(k, occurred_at) + 1);
