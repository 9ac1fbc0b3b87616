-- Records in one live session of a person that they have just typed their password again. Changes nothing else.
--
-- KEYS  1 session
-- ARGV  1 subject  2 now (ms)
-- Reply { u, c, l, o, a, x, n, m, q, y } as in session-record.ts; empty when the session has ended or is another person's
local session = KEYS[1]
local subject, now = ARGV[1], tonumber(ARGV[2])

local found = redis.call('HMGET', session, 's', 'u', 'x')
if found[1] ~= 'active' or found[2] ~= subject or now >= tonumber(found[3]) then return {} end

if redis.call('HGET', session, 'm') then redis.call('HSET', session, 'm', '') end
redis.call('HSET', session, 'a', string.format('%.0f', math.floor(now / 1000)))
return redis.call('HMGET', session, 'u', 'c', 'l', 'o', 'a', 'x', 'n', 'm', 'q', 'y')
