-- The stream of revocations of one shard, and its head: a hash with
--   epoch     names the data set (µs since 1970 in hex, by Redis' clock, when it began)
--   sequence  the number of the newest entry; it outlives the entries, so it never repeats within an epoch
--   run       the Redis server (its run id) that was seen last; follow-revocations.lua keeps it
--   from      the earliest iat (s) that a token of this data set may have
--
-- An entry's id is its number, never a time: after the clock steps back, XADD would refuse a time.

local MOST_TRIMMED = 100

local function epoch_of(time)
  return string.format('%x', time[1] * 1000000 + time[2])
end

-- Drops entries that no living token can still be concerned by, and never one that a token can. `at` is the last value
-- of an entry.
local function trim(stream, oldest_at)
  for _ = 1, MOST_TRIMMED do
    local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    if not oldest or tonumber(oldest[2][#oldest[2]]) >= oldest_at then return end
    redis.call('XDEL', stream, oldest[1])
  end
end

-- Times by Redis' clock here, which no other's steps can turn back.
local function append(stream, head, ttl, fields)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local number = redis.call('HGET', head, 'sequence') + 1
  local entry = { unpack(fields) }
  entry[#entry + 1] = 'at'
  entry[#entry + 1] = string.format('%.0f', now)
  -- First: should it fail, nothing has been written.
  redis.call('XADD', stream, string.format('%.0f-0', number), unpack(entry))
  redis.call('HSET', head, 'sequence', string.format('%.0f', number))
  trim(stream, now - ttl)
  redis.call('PEXPIRE', stream, ttl)
end

-- Without a head the data set is new: whatever sessions there were are gone with the one before, and so must their
-- tokens be. `now` (ms) is auth-service's, by which tokens say when they were issued.
local function ensure_data_set(stream, head, ttl, now)
  if redis.call('EXISTS', head) == 1 then return end
  local before = string.format('%.0f', math.floor(now / 1000) + 1)
  redis.call('DEL', stream)
  redis.call('HSET', head, 'epoch', epoch_of(redis.call('TIME')), 'sequence', 0, 'from', before)
  append(stream, head, ttl, { 'kind', 'all', 'before', before, 'reason', 'store_lost' })
end

-- Appends one entry to the stream of revocations, which keeps it for `ttl` ms. `fields`: names and values, in turn.
local function publish_revocation(stream, head, ttl, now, fields)
  ensure_data_set(stream, head, ttl, now)
  append(stream, head, ttl, fields)
end
