-- Runs every command that requests run, except those of the log readers. A Redis that would refuse requests refuses
-- this too: a replica, a full store, or one where a permission was removed.
--
-- KEYS  1 a key that nothing else uses
-- ARGV  1 how long it is kept (ms)
local key, ttl = KEYS[1], ARGV[1]
-- The first write must be one that a full store refuses: after its first write, Redis lets a script continue.
redis.call('SET', key, '0', 'PX', ttl)
redis.call('DEL', key)
redis.call('XADD', key, '*', 'at', '0')
redis.call('XLEN', key)
redis.call('XDEL', key, redis.call('XRANGE', key, '-', '+')[1][1])
redis.call('DEL', key)
redis.call('ZADD', key, 0, 'at')
redis.call('ZRANGE', key, 0, -1)
redis.call('ZRANGEBYSCORE', key, 0, '+inf')
redis.call('ZREMRANGEBYSCORE', key, 1, '+inf')
redis.call('ZREM', key, 'at')
redis.call('HSET', key, 'at', '0')
redis.call('HINCRBY', key, 'at', 1)
redis.call('HGET', key, 'at')
redis.call('HGETALL', key)
redis.call('HMGET', key, 'at')
redis.call('HLEN', key)
redis.call('HDEL', key, 'none')
redis.call('PEXPIRE', key, ttl)
redis.call('PTTL', key)
redis.call('PERSIST', key)
redis.call('PEXPIREAT', key, 0)
redis.call('EXISTS', key)
redis.call('INFO', 'replication')
redis.call('SET', key, '0', 'PX', ttl)
return redis.call('GET', key)
