-- Appends one entry to the stream of revocations and returns its number.
-- The id is the sequence number, never a time: after the clock steps back, XADD would refuse a time.
local REVOCATIONS_KEPT = 100000

-- Once no token that an entry concerns can still be valid, the whole stream may go; the sequence stays.
local function publish_revocation(stream, sequence, ttl, fields)
  local number = redis.call('INCR', sequence)
  redis.call('XADD', stream, 'MAXLEN', '~', REVOCATIONS_KEPT, number .. '-0', unpack(fields))
  redis.call('PEXPIRE', stream, ttl)
  return number
end
