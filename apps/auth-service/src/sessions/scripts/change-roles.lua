-- Gives the living ones among the given sessions of one person other roles.
--
-- KEYS  sessions
-- ARGV  1 subject  2 roles
-- Reply how many there were
local subject, roles = ARGV[1], ARGV[2]

local changed = 0
for index = 1, #KEYS do
  local found = redis.call('HMGET', KEYS[index], 's', 'u')
  if found[1] == 'active' and found[2] == subject then
    redis.call('HSET', KEYS[index], 'l', roles)
    changed = changed + 1
  end
end
return changed
