-- Starts a session: writes its record, and lists it among the person's sessions.
--
-- KEYS  1 session  2 sessions of the subject
-- ARGV  1 session id  2 now (ms)  3 absolute expiry (ms)  4.. the record's fields and values
local session, sessions = KEYS[1], KEYS[2]
local id, now, expires_at = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

redis.call('HSET', session, unpack(ARGV, 4))
redis.call('PEXPIREAT', session, expires_at)
redis.call('ZREMRANGEBYSCORE', sessions, '-inf', now)
redis.call('ZADD', sessions, expires_at, id)
local last = redis.call('ZRANGE', sessions, -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', sessions, last[2])
return redis.status_reply('OK')
