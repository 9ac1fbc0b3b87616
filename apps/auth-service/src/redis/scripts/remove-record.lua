-- Removes a record. A run whose reply was lost is repeated, and answers as the first one did.
--
-- KEYS  1 record  2 mark of its removal
-- ARGV  1 a random value of this removal  2 how long that is kept (ms)
-- Reply 1 when it was there
if redis.call('DEL', KEYS[1]) == 0 then return redis.call('GET', KEYS[2]) == ARGV[1] and 1 or 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
