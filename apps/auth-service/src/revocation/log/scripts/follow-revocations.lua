-- Asked by whoever begins to follow the stream of revocations, on every new connection. A Redis server that the data set
-- has not seen before may have lost the newest entries, and would give their numbers to others: so the data set gets a
-- new epoch, once, whoever asks first. The numbers go on.
--
-- KEYS  1 stream of revocations  2 its head
-- ARGV  1 now (ms)  2 how long a revocation is kept (ms)
-- Reply { epoch, number of the newest entry, number of the entry before the oldest that is there, id of the data set }
local stream, head = KEYS[1], KEYS[2]
local now, ttl = tonumber(ARGV[1]), tonumber(ARGV[2])

local id = ensure_data_set(stream, head, ttl, now)

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local seen = redis.call('HGET', head, 'run')
if seen ~= run then
  if seen then redis.call('HSET', head, 'epoch', epoch_of(redis.call('TIME'))) end
  redis.call('HSET', head, 'run', run)
end

local epoch, sequence = unpack(redis.call('HMGET', head, 'epoch', 'sequence'))
local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
local before_oldest = oldest and string.match(oldest[1], '^%d+') - 1 or tonumber(sequence)
return { epoch, tonumber(sequence), before_oldest, id }
