-- KEYS  1 record
-- Reply 1 when it was there
return redis.call('DEL', KEYS[1])
