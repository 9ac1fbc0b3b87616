-- Removes a record.
--
-- KEYS  1 record
-- Reply 1 when it was there
return redis.call('DEL', KEYS[1]) == 1 and remember(1) or 0
