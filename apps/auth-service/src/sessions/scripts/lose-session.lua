-- Records that a session is missing because Redis evicted it. One entry on the feed revokes its access tokens, and for
-- as long as that entry is kept the session reads as ended. If the session is older than this data set, its tokens have
-- been revoked already.
--
-- KEYS  1 session  2 stream of revocations  3 its head
-- ARGV  1 session id  2 when it began (s)  3 now (ms)  4 how long a revocation is kept (ms)
--       5 id of the data set that it is missing from  6 how far the clocks of replicas may differ (s)
-- Reply CHANGED when the data set or the session has changed, EARLIER when an earlier data set lost it, or TOLD
local session, stream, head = KEYS[1], KEYS[2], KEYS[3]
local id, born, now, revocation_ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local data_set = ensure_data_set(stream, head, revocation_ttl, now)
if data_set ~= ARGV[5] or redis.call('EXISTS', session) == 1 then return 'CHANGED' end
if born + ARGV[6] < tonumber(redis.call('HGET', head, 'from')) then return 'EARLIER' end

publish_revocation(stream, head, revocation_ttl, now, { 'kind', 'session', 'id', id, 'reason', 'session_lost' })
redis.call('HSET', session, 's', 'revoked', 'w', 'session_lost')
redis.call('PEXPIRE', session, revocation_ttl)
return 'TOLD'
