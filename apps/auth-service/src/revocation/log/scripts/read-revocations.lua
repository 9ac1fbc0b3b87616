-- Reads entries of the stream of revocations, for subscribers that catch up.
--
-- KEYS  1 stream of revocations  2 its head
-- ARGV  1 now (ms)  2 how long a revocation is kept (ms)  3 from which id  4 to which id  5 how many at most
-- Reply { epoch, the entries as XRANGE answers them }
local stream, head = KEYS[1], KEYS[2]
local now, ttl = tonumber(ARGV[1]), tonumber(ARGV[2])

refuse_replica(head)
ensure_data_set(stream, head, ttl, now)
return { redis.call('HGET', head, 'epoch'), redis.call('XRANGE', stream, ARGV[3], ARGV[4], 'COUNT', ARGV[5]) }
