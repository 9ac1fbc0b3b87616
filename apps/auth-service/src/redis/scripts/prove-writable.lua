-- Does what requests do: reads and writes each type of value that sessions need. Whatever would refuse them (a replica, a
-- full store, a right that was taken away) refuses this.
--
-- KEYS  1 anything that nobody else uses
-- ARGV  1 how long it is kept (ms)
local key = KEYS[1]
-- First what a full store refuses: once a script has written, Redis lets it go on.
redis.call('SET', key, '0', 'PX', ARGV[1])
redis.call('DEL', key)
redis.call('XADD', key, '*', 'at', '0')
redis.call('XDEL', key, redis.call('XRANGE', key, '-', '+')[1][1])
redis.call('DEL', key)
redis.call('ZADD', key, 0, 'at')
redis.call('ZREM', key, 'at')
redis.call('HSET', key, 'at', '0')
redis.call('HMGET', key, 'at')
redis.call('DEL', key)
redis.call('SET', key, '0', 'PX', ARGV[1])
return redis.call('GET', key)
