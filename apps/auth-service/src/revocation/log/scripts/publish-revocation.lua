-- The data set of one shard: its stream of revocations, and the head of that, a hash with
--   id        names the data set (µs since 1970 in hex, by Redis' clock, when it began)
--   epoch     the same, until a Redis server that it has not seen before makes another one
--   sequence  the number of the newest entry; it outlives the entries, so it never repeats within an epoch
--   oldest    the number of the oldest entry that is kept
--   until     when all entries may be gone (ms, by Redis' clock)
--   run       the Redis server (its run id) that was seen last
--   moved     when another one was seen (ms, by auth-service's clock); it may lack what was written last
--   from      the earliest iat (s) that a token of this data set may have
--
-- An entry's id is its number, never a time: after the clock steps back, XADD would refuse a time.

local MOST_TRIMMED = 100
-- The head is silent a little before the stream goes, so that no stream is missed whose time was over.
local MARGIN_MS = 100

local function epoch_of(time)
  return string.format('%x', time[1] * 1000000 + time[2])
end

-- Redis' clock, which no other's steps can turn back.
local function redis_now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Drops entries that no living token can still be concerned by, and never one that a token can. `at` is the last value
-- of an entry. Returns the number of the oldest that is left.
local function trim(stream, oldest_at)
  local oldest
  for trimmed = 0, MOST_TRIMMED do
    oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    if trimmed == MOST_TRIMMED or tonumber(oldest[2][#oldest[2]]) >= oldest_at then break end
    redis.call('XDEL', stream, oldest[1])
  end
  return string.match(oldest[1], '^%d+')
end

-- Has the head say that the stream goes as far as this entry.
local function count_in(stream, head, ttl, number)
  local now = redis_now()
  local oldest = trim(stream, now - ttl)
  redis.call('HSET', head,
    'sequence', string.format('%.0f', number), 'oldest', oldest, 'until', string.format('%.0f', now + ttl - MARGIN_MS))
  redis.call('PEXPIRE', stream, ttl)
end

local function append(stream, head, ttl, fields)
  local number = (redis.call('HGET', head, 'sequence') or 0) + 1
  local entry = { unpack(fields) }
  entry[#entry + 1] = 'at'
  entry[#entry + 1] = string.format('%.0f', redis_now())
  -- First: should it fail, nothing has been written.
  redis.call('XADD', stream, string.format('%.0f-0', number), unpack(entry))
  count_in(stream, head, ttl, number)
end

-- Whether every entry is there that the head says must be. One that was evicted or deleted must not read as "nothing was
-- revoked". A head that an earlier version of this script wrote says nothing.
local function is_whole(stream, head)
  local sequence, oldest, lasts_until = unpack(redis.call('HMGET', head, 'sequence', 'oldest', 'until'))
  if not lasts_until or redis_now() > tonumber(lasts_until) then return true end
  local function has(number)
    return redis.call('XRANGE', stream, number .. '-0', number .. '-0')[1]
  end
  return redis.call('XLEN', stream) > sequence - oldest and has(oldest) and has(sequence)
end

-- Counts an entry in whose script Redis stopped right after it was appended: a right was taken away. It would else be in the
-- way of the next one.
local function take_stock(stream, head, ttl)
  local number = redis.call('HGET', head, 'sequence') + 1
  local id = string.format('%.0f-0', number)
  if redis.call('XRANGE', stream, id, id)[1] then count_in(stream, head, ttl, number) end
end

-- For a script that would only read: changes nothing, but a replica refuses it (READONLY), since what is missing there may be
-- elsewhere. Not for one that writes: Redis looks once whether its memory is full, at a script's first write, and not at
-- all at one like this.
local function refuse_replica(head)
  redis.call('PERSIST', head)
end

-- Returns the id of the data set. One that has lost its head or its entries is lost as a whole, and a new one begins:
-- whatever was revoked, and whatever sessions there were, may be gone, and so must all tokens from before be. `now` (ms) is
-- auth-service's, by which tokens say when they were issued.
local function ensure_data_set(stream, head, ttl, now)
  local id, epoch = unpack(redis.call('HMGET', head, 'id', 'epoch'))
  if epoch and is_whole(stream, head) then
    take_stock(stream, head, ttl)
    if not id then redis.call('HSET', head, 'id', epoch) end
    return id or epoch
  end
  -- The same of a replica that can be written to: what is missing there is not lost.
  if string.find(redis.call('INFO', 'replication'), 'role:slave') then
    error({ err = 'READONLY This is a replica, and not where the data set is.' })
  end
  id = epoch_of(redis.call('TIME'))
  local before = string.format('%.0f', math.floor(now / 1000) + 1)
  redis.call('DEL', stream, head)
  append(stream, head, ttl, { 'kind', 'all', 'before', before, 'reason', 'store_lost' })
  -- Last: without an epoch it has not begun, whatever Redis refuses.
  redis.call('HSET', head, 'id', id, 'epoch', id, 'from', before)
  return id
end

-- Notices a Redis server that the data set has not seen before: restarted, or a replica that has become the master. It may
-- have lost the newest entries, and would give their numbers to others: so the data set gets a new epoch, once, whoever
-- asks first. The numbers go on. Returns when that was, 0 for never.
local function note_server(head, now)
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  local seen, moved = unpack(redis.call('HMGET', head, 'run', 'moved'))
  if seen == run then return tonumber(moved or 0) end
  redis.call('HSET', head, 'run', run)
  if not seen then return 0 end
  redis.call('HSET', head, 'epoch', epoch_of(redis.call('TIME')), 'moved', now)
  return now
end

-- Appends one entry to the stream of revocations, which keeps it for `ttl` ms. `fields`: names and values, in turn. Returns
-- the id of the data set.
local function publish_revocation(stream, head, ttl, now, fields)
  local id = ensure_data_set(stream, head, ttl, now)
  append(stream, head, ttl, fields)
  return id
end
