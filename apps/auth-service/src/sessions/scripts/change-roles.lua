-- Gives the living ones among the given sessions of one person other roles, unless they have heard of a later change
-- already: two changes may arrive here in the wrong order. The access tokens with the roles from before are revoked, by
-- one entry on the feed: those with an earlier iat than issuedFrom, which no token says from now on.
--
-- KEYS  1 issuedFrom of the subject  2 stream of revocations  3 its head  4.. sessions
-- ARGV  1 subject  2 now (ms)  3 how long a revocation is kept (ms)  4 roles  5 their version
--       6 how far ahead issuedFrom may be (s) before it says no more than that a clock was wrong
-- Reply how many were changed
local issued_from, stream, head = KEYS[1], KEYS[2], KEYS[3]
local subject, now, revocation_ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local roles, version, furthest_ahead = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])

-- The latest iat of a token up to now. `now` may be from before the newest of them: another replica's clock is ahead, or
-- Redis was frozen and carries out first what was sent later.
local second = math.floor(now / 1000)
local latest = second
local function consider(time)
  local at = math.floor(tonumber(time or 0))
  if at - second <= furthest_ahead then latest = math.max(latest, at) end
end

local living, changed = {}, {}
consider(redis.call('GET', issued_from))
for index = 4, #KEYS do
  local found = redis.call('HMGET', KEYS[index], 's', 'u', 'v', 'n', 't', 'a')
  if found[1] == 'active' and found[2] == subject then
    living[#living + 1] = KEYS[index]
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
-- Those, too, that have the new roles already: their tokens of this second are revoked with the others'.
for _, session in ipairs(living) do redis.call('HSET', session, 'n', before) end
for _, session in ipairs(changed) do redis.call('HSET', session, 'l', roles, 'v', version) end
return #changed
