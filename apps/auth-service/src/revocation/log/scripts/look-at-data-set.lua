-- Which data set there is; begins one if there is none.
--
-- KEYS  1 stream of revocations  2 its head
-- ARGV  1 now (ms)  2 how long a revocation is kept (ms)
-- Reply { id of the data set, when it came to this Redis server (ms), 0 when it began there }
local stream, head, now = KEYS[1], KEYS[2], tonumber(ARGV[1])
refuse_replica(head)
return { ensure_data_set(stream, head, tonumber(ARGV[2]), now), note_server(head, now) }
