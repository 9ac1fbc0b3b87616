-- Appends one entry to a stream of revocations.
--
-- KEYS  1 stream of revocations  2 its head
-- ARGV  1 now (ms)  2 how long a revocation is kept (ms)  3.. the entry's fields and values
-- Reply the id of the data set
local now, ttl = tonumber(ARGV[1]), tonumber(ARGV[2])
return publish_revocation(KEYS[1], KEYS[2], ttl, now, { unpack(ARGV, 3) })
