-- Replaces a record while it is there, for no longer than it would have been kept.
--
-- KEYS  1 record
-- ARGV  1 text
-- Reply 1 when it was there
return redis.call('SET', KEYS[1], ARGV[1], 'XX', 'KEEPTTL') and 1 or 0
