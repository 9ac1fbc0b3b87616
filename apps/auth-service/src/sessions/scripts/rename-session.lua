-- Gives one live session of a person a new device name. Changes nothing else.
--
-- KEYS  1 session
-- ARGV  1 subject  2 now (ms)  3 device name
-- Reply { s, c, d, i, b, t, x, j, f } as in session-record.ts; empty when the session has ended or is another person's
local session = KEYS[1]
local subject, now, name = ARGV[1], tonumber(ARGV[2]), ARGV[3]

local found = redis.call('HMGET', session, 's', 'u', 'x')
if found[1] ~= 'active' or found[2] ~= subject or now >= tonumber(found[3]) then return {} end

redis.call('HSET', session, 'd', name)
return redis.call('HMGET', session, 's', 'c', 'd', 'i', 'b', 't', 'x', 'j', 'f')
