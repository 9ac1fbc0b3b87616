-- Gives one living session of a person another device name. Nothing else of it changes.
--
-- KEYS  1 session
-- ARGV  1 subject  2 now (ms)  3 device name
-- Reply { s, c, d, i, b, t, x } as session-record.ts names them, or nothing when the session has ended or is somebody else's
local session = KEYS[1]
local subject, now, name = ARGV[1], tonumber(ARGV[2]), ARGV[3]

local found = redis.call('HMGET', session, 's', 'u', 'x')
if found[1] ~= 'active' or found[2] ~= subject or now >= tonumber(found[3]) then return {} end

redis.call('HSET', session, 'd', name)
return redis.call('HMGET', session, 's', 'c', 'd', 'i', 'b', 't', 'x')
