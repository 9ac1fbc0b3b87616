-- Run by each reader of the stream of revocations on every new connection.
--
-- KEYS  1 stream of revocations  2 its head
-- ARGV  1 now (ms)  2 how long a revocation is kept (ms)
-- Reply { epoch, number of the newest entry, number of the entry before the oldest that is there, id of the data set }
local stream, head = KEYS[1], KEYS[2]
local now, ttl = tonumber(ARGV[1]), tonumber(ARGV[2])

refuse_replica(head)
local id = ensure_data_set(stream, head, ttl, now)
note_server(head, now)
local epoch, sequence = unpack(redis.call('HMGET', head, 'epoch', 'sequence'))
local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
local before_oldest = oldest and string.match(oldest[1], '^%d+') - 1 or tonumber(sequence)
return { epoch, tonumber(sequence), before_oldest, id }
