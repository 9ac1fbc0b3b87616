-- The data set of one shard is its stream of revocations and the head of that stream, a hash with
--   id        the data set's id: when it began (µs since 1970 in hex, by Redis' clock)
--   epoch     the same, until the data set moves to a Redis server that it has not seen before
--   sequence  the number of the newest entry; it outlives the entries, so it never repeats within an epoch
--   oldest    the number of the oldest entry that is kept
--   until     when all entries may be gone (ms, by Redis' clock)
--   run       the run id of the Redis server that was seen last
--   moved     when the server last changed (ms, by auth-service's clock); the new one may lack the latest writes
--   from      the earliest iat (s) that a token of this data set may have
--
-- An entry's id is its number, not a time, because XADD refuses a time after the clock was set back.

local MOST_TRIMMED = 100
-- `until` ends a little before the stream expires, so that an expired stream does not count as lost.
local MARGIN_MS = 100

local function epoch_of(time)
  return string.format('%x', time[1] * 1000000 + time[2])
end

-- By Redis' clock, which does not depend on the replicas' clocks.
local function redis_now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Drops entries that can no longer concern a valid token. `at` is the last value of an entry. Returns the number of the
-- oldest entry that is left.
local function trim(stream, oldest_at)
  local oldest
  for trimmed = 0, MOST_TRIMMED do
    oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    if trimmed == MOST_TRIMMED or tonumber(oldest[2][#oldest[2]]) >= oldest_at then break end
    redis.call('XDEL', stream, oldest[1])
  end
  return string.match(oldest[1], '^%d+')
end

-- Updates the head after this entry was appended.
local function update_head(stream, head, ttl, number)
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
  -- This comes first: if it fails, nothing has been written.
  redis.call('XADD', stream, string.format('%.0f-0', number), unpack(entry))
  update_head(stream, head, ttl, number)
end

-- Whether all entries are there that the head requires. An evicted or deleted entry must not read as "nothing was
-- revoked". The head of an earlier version of this script requires none.
local function is_whole(stream, head)
  local sequence, oldest, lasts_until = unpack(redis.call('HMGET', head, 'sequence', 'oldest', 'until'))
  if not lasts_until or redis_now() > tonumber(lasts_until) then return true end
  local function has(number)
    return redis.call('XRANGE', stream, number .. '-0', number .. '-0')[1]
  end
  return redis.call('XLEN', stream) > sequence - oldest and has(oldest) and has(sequence)
end

-- Updates the head if a script failed right after it appended an entry, because a permission was removed. Otherwise the
-- next entry could not be appended.
local function recover_entry(stream, head, ttl)
  local number = redis.call('HGET', head, 'sequence') + 1
  local id = string.format('%.0f-0', number)
  if redis.call('XRANGE', stream, id, id)[1] then update_head(stream, head, ttl, number) end
end

-- For scripts that otherwise only read. Changes nothing, but a replica refuses it (READONLY): data missing there may
-- exist elsewhere. Not for scripts that write: Redis checks for full memory only at a script's first write command, and
-- this one is exempt.
local function refuse_replica(head)
  redis.call('PERSIST', head)
end

-- Returns the id of the data set. A data set that has lost its head or entries is lost as a whole, and a new one
-- begins. Revocations and sessions may be gone, so all earlier tokens are revoked. `now` (ms) is by auth-service's
-- clock, which also sets the iat of tokens.
local function ensure_data_set(stream, head, ttl, now)
  local id, epoch = unpack(redis.call('HMGET', head, 'id', 'epoch'))
  if epoch and is_whole(stream, head) then
    recover_entry(stream, head, ttl)
    if not id then redis.call('HSET', head, 'id', epoch) end
    return id or epoch
  end
  -- A writable replica must not begin a data set either: data missing there is not lost.
  if string.find(redis.call('INFO', 'replication'), 'role:slave') then
    error({ err = 'READONLY This is a replica, which does not hold the data set.' })
  end
  id = epoch_of(redis.call('TIME'))
  local before = string.format('%.0f', math.floor(now / 1000) + 1)
  redis.call('DEL', stream, head)
  append(stream, head, ttl, { 'kind', 'all', 'before', before, 'reason', 'store_lost' })
  -- This comes last: if a command before it fails, there is no epoch and the data set has not begun.
  redis.call('HSET', head, 'id', id, 'epoch', id, 'from', before)
  return id
end

-- Detects a Redis server that the data set has not seen before: one that restarted, or a replica that became the
-- master. It may have lost the newest entries and would reuse their numbers, so the first caller gives the data set a
-- new epoch. The numbers continue. Returns when the server last changed, 0 for never.
local function note_server(head, now)
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  local seen, moved = unpack(redis.call('HMGET', head, 'run', 'moved'))
  moved = tonumber(moved or 0)
  if seen ~= run then
    redis.call('HSET', head, 'run', run)
    if not seen then return 0 end
    redis.call('HSET', head, 'epoch', epoch_of(redis.call('TIME')))
  end
  -- A clock that was ahead dated a change in the future. When it really was is unknown, so it counts as just now.
  if seen ~= run or moved > now then
    redis.call('HSET', head, 'moved', string.format('%.0f', now))
    return now
  end
  return moved
end

-- Appends one entry to the stream of revocations, which keeps it for `ttl` ms. `fields`: alternating names and values.
-- Returns the id of the data set.
local function publish_revocation(stream, head, ttl, now, fields)
  local id = ensure_data_set(stream, head, ttl, now)
  append(stream, head, ttl, fields)
  return id
end
