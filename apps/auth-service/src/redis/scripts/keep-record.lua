-- KEYS  1 record
-- ARGV  1 text  2 how long it is kept (s)
return redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
