-- Decides what presenting the refresh token of one generation means, and carries it out. The table of verdicts is
-- in docs/sessions.md, "Verdicts". session-record.ts explains the record's fields.
--
-- KEYS  1 session  2 stream of revocations  3 its head  4 prefix of the keys of session lists, before the subject
-- ARGV  1 session id  2 presented generation  3 now (ms)  4 grace (ms)  5 how far replicas' clocks may be apart (ms)
--       6 most replays  7 most generations to adopt  8 kid that signs now  9 how long a revocation is kept (ms)
--       10 how far ahead a sign-in may be (s)  11 thumbprint of the key that the client proved, '' for none
--       12 most generations that a client with the session's key may be behind
--       13 most generations to adopt after the data came to another server
-- Reply { verdict }, { 'UNKNOWN', id of the data set, when it came to this server },
--       { 'REVOKED', the reason, if it is known }, or { verdict, kid of the successor, u, c, l, o, a, x, n, m, q, y, j,
--       the generation of the successor }
local session, stream, head, lists = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, presented, now = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local grace, most_skew, most_replays = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local most_adopted, signing_kid, revocation_ttl = tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[9])
local furthest_ahead, proven, most_behind = tonumber(ARGV[10]), ARGV[11], tonumber(ARGV[12])
local most_restored = tonumber(ARGV[13])

local found = redis.call('HMGET', session, 's', 'g', 't', 'r', 'k', 'w', 'u', 'c', 'l', 'o', 'a', 'x', 'n', 'm', 'q', 'y', 'j')
local state, current, reached_at, replays = found[1], tonumber(found[2]), tonumber(found[3]), tonumber(found[4])
local kid, why, expires_at, bound_to = found[5], found[6], tonumber(found[12]), found[17]

if not state then
  refuse_replica(head)
  return { 'UNKNOWN', ensure_data_set(stream, head, revocation_ttl, now), note_server(head, now) }
end
if state ~= 'active' then return { 'REVOKED', why } end
if now >= expires_at then return { 'EXPIRED' } end

-- A sign-in in the future comes from a wrong clock, and its real time is unknown. Set it to 1 s after 1970, so that it
-- never counts as recent.
if tonumber(found[11]) - math.floor(now / 1000) > furthest_ahead then found[11] = '1' end

local function answer(verdict, successor_kid, successor)
  -- If only entries were lost, a session outlives its data set, and the new one revokes its earlier tokens.
  local from = tonumber(redis.call('HGET', head, 'from') or 0)
  if from > math.floor(now / 1000) then found[13] = math.max(from, tonumber(found[13] or 0)) end
  found[18] = successor or current
  return { verdict, successor_kid, unpack(found, 7, 18) }
end

-- If the list of the person's sessions was evicted, ending all of them would miss this one.
local function relist()
  local list = lists .. found[7]
  if redis.call('ZADD', list, 'NX', expires_at, id) == 0 then return end
  redis.call('PEXPIREAT', list, redis.call('ZRANGE', list, -1, -1, 'WITHSCORES')[2])
end

local function rotate(verdict)
  relist()
  redis.call('HSET', session, 'g', presented + 1, 't', now, 'r', 0, 'k', signing_kid, 'a', found[11])
  return answer(verdict, signing_kid, presented + 1)
end

-- Whoever has copied the token has not got the key, and must not be able to end the session with it. The person sees
-- in the list of devices that it was tried.
if bound_to and bound_to ~= proven then
  redis.call('HSET', session, 'f', string.format('%.0f', math.floor(now / 1000)))
  return answer('FOREIGN_KEY', kid)
end

local ahead = presented - current
if ahead == 0 then return rotate('ROTATED') end
-- The same client again, whose replies were lost. With its key there is no need to tell it from a thief.
if bound_to and ahead < 0 and ahead >= -most_behind then return answer('REPLAYED', kid) end
-- A rotation far in the future means that a clock was wrong, so it does not count as recent.
local since = now - reached_at
if ahead == -1 and since <= grace and since >= -most_skew and replays < most_replays then
  redis.call('HINCRBY', session, 'r', 1)
  return answer('REPLAYED', kid)
end
-- We signed this generation, so the store has lost writes. It is no sign of theft.
if ahead > 0 and ahead <= most_adopted then return rotate('ADOPTED') end
-- A copy of an hour ago has lost a dozen. Only a session that was not refreshed since the copy came here can lack them.
if ahead > 0 and ahead <= most_restored and note_server(head, now) > reached_at then return rotate('ADOPTED') end

publish_revocation(stream, head, revocation_ttl, now, { 'kind', 'session', 'id', id, 'reason', 'reuse' })
redis.call('HSET', session, 's', 'reused', 'w', 'reuse')
return answer('REUSED', kid)
