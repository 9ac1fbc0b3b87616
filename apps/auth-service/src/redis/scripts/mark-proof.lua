-- Marks a proof of possession as used, once.
--
-- KEYS  1 proof
-- ARGV  1 mark of this use  2 how long it is kept (s)
-- Reply the mark of an earlier use, if there was one
return redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'NX', 'GET')
