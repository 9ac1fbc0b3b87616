-- Gives the live ones among the given sessions of one person new roles. Skips a session that already has a later
-- change, because two changes may arrive in the wrong order. One entry on the feed revokes the access tokens with the
-- old roles: those with an iat before issuedFrom, which no new token has.
--
-- KEYS  1 issuedFrom of the subject  2 stream of revocations  3 its head  4.. sessions
-- ARGV  1 subject  2 now (ms)  3 how long a revocation is kept (ms)  4 roles  5 their version
--       6 how far ahead a time may be (s) before it counts as the error of a wrong clock
-- Reply how many were changed
local issued_from, stream, head = KEYS[1], KEYS[2], KEYS[3]
local subject, now, revocation_ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local roles, version, furthest_ahead = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])

-- The latest iat of any token so far. `now` may be earlier than that: another replica's clock may be ahead, or a frozen
-- Redis may run scripts out of order.
local second = math.floor(now / 1000)
local latest = second
local function consider(time)
  local at = math.floor(tonumber(time or 0))
  if at - second <= furthest_ahead then latest = math.max(latest, at) end
end

local live, changed = {}, {}
consider(redis.call('GET', issued_from))
for index = 4, #KEYS do
  local found = redis.call('HMGET', KEYS[index], 's', 'u', 'v', 'n', 't', 'a')
  if found[1] == 'active' and found[2] == subject then
    live[#live + 1] = KEYS[index]
    if tonumber(found[3]) < version then changed[#changed + 1] = KEYS[index] end
    consider(found[4])
    consider(found[5] / 1000)
    consider(found[6])
  end
end
if #changed == 0 then return 0 end

local before = string.format('%.0f', latest + 1)
publish_revocation(stream, head, revocation_ttl, now, {
  'kind', 'subject', 'id', subject, 'before', before, 'reason', 'roles_changed'
})
redis.call('SET', issued_from, before, 'PX', revocation_ttl)
-- Also sessions that already have the new roles: their tokens of this second are revoked with the others.
for _, session in ipairs(live) do redis.call('HSET', session, 'n', before) end
for _, session in ipairs(changed) do redis.call('HSET', session, 'l', roles, 'v', version) end
return #changed
