-- Returns the current data set; begins one if there is none.
--
-- KEYS  1 stream of revocations  2 its head  3 optionally: a session
-- ARGV  1 now (ms)  2 how long a revocation is kept (ms)
-- Reply { id of the data set, when it moved to this Redis server (ms; 0 for never), 1 when the session is there }
local stream, head, session, now = KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[1])
refuse_replica(head)
local id = ensure_data_set(stream, head, tonumber(ARGV[2]), now)
return { id, note_server(head, now), session and redis.call('EXISTS', session) or 0 }
