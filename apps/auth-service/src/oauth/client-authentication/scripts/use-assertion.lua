-- Marks a client assertion as used, unless it was used already, or may have been used before this data set began, or
-- before it came to this Redis server, perhaps without the latest marks.
--
-- KEYS  1 the mark  2 stream of revocations  3 its head
-- ARGV  1 now (ms)  2 how long a revocation is kept (ms)  3 a random value of this use  4 how long it is kept (ms)
--       5 iat (s)  6 id of the first data set ever, if that is known
--       7 the epoch in which the client was last seen  8 its latest iat in earlier ones  9 its latest iat in all
-- Reply { FIRST, USED or UNDECIDED, id of the data set, the epoch }
local mark, stream, head = KEYS[1], KEYS[2], KEYS[3]
local now, revocation_ttl, issued_at = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[5])
local own, remembered_for, first_data_set, last_epoch = ARGV[3], tonumber(ARGV[4]), ARGV[6], ARGV[7]

local data_set = ensure_data_set(stream, head, revocation_ttl, now)
local moved_at = note_server(head, now)
local from, epoch = unpack(redis.call('HMGET', head, 'from', 'epoch'))
from = tonumber(from or 0)
local found = redis.call('GET', mark)
if found then return { found == own and 'FIRST' or 'USED', data_set, epoch } end

local used_up_to = math.max(tonumber(last_epoch == epoch and ARGV[8] or ARGV[9]), math.floor(moved_at / 1000))
-- The clock that dated the loss was ahead, and when it really was is unknown. An assertion from now on is later.
local at = math.floor(now / 1000) + 1
if from - at > remembered_for / 1000 then
  redis.call('HSET', head, 'from', at)
  from = at
end
if issued_at <= used_up_to or (issued_at < from and data_set ~= first_data_set) then
  return { 'UNDECIDED', data_set, epoch }
end

-- A clock that was ahead accepts an assertion that another clock accepts only later.
local kept_for = math.max(remembered_for, issued_at * 1000 + remembered_for - redis_now())
redis.call('SET', mark, own, 'PX', string.format('%.0f', math.ceil(kept_for)))
return { 'FIRST', data_set, epoch }
