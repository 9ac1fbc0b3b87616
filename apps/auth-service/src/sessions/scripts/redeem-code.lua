-- Checks an authorization code and marks it as used. start-session.lua follows in the same script. A second use ends
-- the session that the first one started.
--
-- KEYS  as in start-session.lua, then 6 code  7 login, which must still exist
-- ARGV  as in start-session.lua, then the client, the redirect URI and the challenge of the request
-- Reply { 'UNKNOWN' } for a code that is missing or was issued for something else, { 'OVER' } when its login has ended,
--       { 'USED', the ended session }
do
  local challenge, redirect_uri, client = table.remove(ARGV), table.remove(ARGV), table.remove(ARGV)
  local code = redis.call('HMGET', KEYS[6], 'client', 'redirect_uri', 'challenge', 'session')
  if code[1] ~= client or code[2] ~= redirect_uri or code[3] ~= challenge then return { 'UNKNOWN' } end

  -- The same id: the request was repeated because its first reply was lost.
  if code[4] and code[4] ~= ARGV[1] then
    local first = string.gsub(code[4], '^(%d+)-', '{%1}:s:')
    if redis.call('HGET', first, 's') == 'active' then
      end_session(first, code[4], {
        sessions = KEYS[2], stream = KEYS[4], head = KEYS[5],
        now = tonumber(ARGV[2]), reason = 'code_reused', revocation_ttl = tonumber(ARGV[4])
      })
    end
    return { 'USED', code[4] }
  end
  if redis.call('EXISTS', KEYS[7]) == 0 then return { 'OVER' } end
  redis.call('HSET', KEYS[6], 'session', ARGV[1])
  -- The login names its sessions, which end with it.
  redis.call('HSET', KEYS[7], 'session:' .. ARGV[1], client)
  -- So that a login which is used again and again does not grow: this client's sessions that have expired are
  -- forgotten. This new one is told of the sign-out.
  if redis.call('HLEN', KEYS[7]) > 128 then
    local named = redis.call('HGETALL', KEYS[7])
    for index = 1, #named, 2 do
      local id = named[index + 1] == client and string.match(named[index], '^session:(.+)$')
      -- The new session's record is written after this.
      local record = id and id ~= ARGV[1] and string.gsub(id, '^(%d+)-', '{%1}:s:')
      if record and redis.call('EXISTS', record) == 0 then redis.call('HDEL', KEYS[7], named[index]) end
    end
  end
end
