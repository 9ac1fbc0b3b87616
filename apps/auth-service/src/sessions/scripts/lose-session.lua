-- Takes note that a session is gone that should be here: Redis has evicted it. Its access tokens are revoked, by one entry
-- on the feed, and whoever asks again within that time finds a session that has ended. Of a session from before this data
-- set, all tokens are revoked already.
--
-- KEYS  1 session  2 stream of revocations  3 its head
-- ARGV  1 session id  2 when it began (s)  3 now (ms)  4 how long a revocation is kept (ms)
--       5 id of the data set that it is missing from  6 how far the clocks of replicas may differ (s)
-- Reply CHANGED when it is not missing there any more, EARLIER when it was lost with an earlier data set, or TOLD
local session, stream, head = KEYS[1], KEYS[2], KEYS[3]
local id, born, now, revocation_ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local data_set = ensure_data_set(stream, head, revocation_ttl, now)
if data_set ~= ARGV[5] or redis.call('EXISTS', session) == 1 then return 'CHANGED' end
if born + ARGV[6] < tonumber(redis.call('HGET', head, 'from')) then return 'EARLIER' end

publish_revocation(stream, head, revocation_ttl, now, { 'kind', 'session', 'id', id, 'reason', 'session_lost' })
redis.call('HSET', session, 's', 'revoked', 'w', 'session_lost')
redis.call('PEXPIRE', session, revocation_ttl)
return 'TOLD'
