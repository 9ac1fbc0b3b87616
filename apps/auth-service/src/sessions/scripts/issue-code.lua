-- Writes the record of an authorization code.
--
-- KEYS  1 code
-- ARGV  1 how long it is valid (ms)  2.. the record's fields and values
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return redis.call('PEXPIRE', KEYS[1], ARGV[1])
