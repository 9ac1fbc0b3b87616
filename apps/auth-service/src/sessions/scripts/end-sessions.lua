-- Ends the given sessions of one person, each with one entry on the feed, and stores the reason. Skips sessions that
-- are gone, have ended or belong to another person.
--
-- KEYS  1 sessions of the subject  2 stream of revocations  3 its head  4.. sessions
-- ARGV  1 subject  2 now (ms)  3 reason  4 how long a revocation is kept (ms)  5.. session ids, in the keys' order
-- Reply the ids of the sessions that were ended
local subject = ARGV[1]
local by = {
  sessions = KEYS[1], stream = KEYS[2], head = KEYS[3],
  now = tonumber(ARGV[2]), reason = ARGV[3], revocation_ttl = tonumber(ARGV[4])
}

local ended = {}
for index = 4, #KEYS do
  local found = redis.call('HMGET', KEYS[index], 's', 'u')
  if found[1] == 'active' and found[2] == subject then
    local id = ARGV[index + 1]
    end_session(KEYS[index], id, by)
    ended[#ended + 1] = id
  end
end
return #ended > 0 and remember(ended) or ended
