-- Gives the living ones among the given sessions of one person other roles, unless they have heard of a later change
-- already: two changes may arrive here in the wrong order.
--
-- KEYS  sessions
-- ARGV  1 subject  2 roles  3 their version
-- Reply how many were changed
local subject, roles, version = ARGV[1], ARGV[2], tonumber(ARGV[3])

local changed = 0
for index = 1, #KEYS do
  local found = redis.call('HMGET', KEYS[index], 's', 'u', 'v')
  if found[1] == 'active' and found[2] == subject and tonumber(found[3]) < version then
    redis.call('HSET', KEYS[index], 'l', roles, 'v', version)
    changed = changed + 1
  end
end
return changed
