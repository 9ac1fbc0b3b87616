-- Ends the oldest of the given sessions that one person has with one client, until the limit is met. Each gets one
-- entry on the feed. The session that has just begun is spared, even when a clock that was set back makes it look old.
-- If another sign-in has already ended it, it does not count.
--
-- KEYS  1 sessions of the subject  2 stream of revocations  3 its head  4.. sessions, the oldest first
-- ARGV  1 subject  2 now (ms)  3 reason  4 how long a revocation is kept (ms)  5 client  6 how many there may be
--       7 id of the session that has just begun  8.. session ids, in the order of the keys
-- Reply the ids of the sessions that were ended
local subject = ARGV[1]
local by = {
  sessions = KEYS[1], stream = KEYS[2], head = KEYS[3],
  now = tonumber(ARGV[2]), reason = ARGV[3], revocation_ttl = tonumber(ARGV[4])
}
local client, room, spared = ARGV[5], tonumber(ARGV[6]), ARGV[7]

local others = {}
for index = #KEYS, 4, -1 do
  local found = redis.call('HMGET', KEYS[index], 's', 'u', 'c')
  if found[1] == 'active' and found[2] == subject and found[3] == client then
    local id = ARGV[index + 4]
    if id == spared then room = room - 1 else others[#others + 1] = { KEYS[index], id } end
  end
end

local ended = {}
for rank = math.max(room, 0) + 1, #others do
  local session, id = others[rank][1], others[rank][2]
  end_session(session, id, by)
  ended[#ended + 1] = id
end
return #ended > 0 and remember(ended) or ended
