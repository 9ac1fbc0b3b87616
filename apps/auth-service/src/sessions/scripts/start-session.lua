-- Starts a session: writes its record and adds it to the list of the person's sessions. Makes the data set first, so
-- that no session is older than its data set: the loss of a data set revokes the tokens of all its sessions.
--
-- KEYS  1 session  2 sessions of the subject  3 issuedFrom of the subject  4 stream of revocations  5 its head
-- ARGV  1 session id  2 now (ms)  3 absolute expiry (ms)  4 how long a revocation is kept (ms)
--       5.. the record's fields and values
-- Reply issuedFrom of the session, 0 when there is none
local session, sessions, issued_from, stream, head = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, now, expires_at, revocation_ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

-- The request was repeated because its first reply was lost. The session may have ended already.
local already = redis.call('HMGET', session, 's', 'n')
if already[1] then return tonumber(already[2] or 0) end

ensure_data_set(stream, head, revocation_ttl, now)
local from = math.max(
  tonumber(redis.call('GET', issued_from) or 0),
  tonumber(redis.call('HGET', head, 'from') or 0)
)
if from <= math.floor(now / 1000) then from = 0 end

redis.call('HSET', session, unpack(ARGV, 5))
if from > 0 then redis.call('HSET', session, 'n', from) end
redis.call('PEXPIREAT', session, expires_at)
-- By Redis' clock, which also expires the records. Ours may be ahead, and a session that is not listed cannot be ended.
redis.call('ZREMRANGEBYSCORE', sessions, '-inf', redis.call('TIME')[1] * 1000)
redis.call('ZADD', sessions, expires_at, id)
local last = redis.call('ZRANGE', sessions, -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', sessions, last[2])
return from
