-- Ends one login of a person, or all of them. With a reason, the sessions that began with it end, too.
--
-- KEYS  1 logins of the subject  2 sessions of the subject  3 stream of revocations  4 its head
-- ARGV  1 prefix of the keys of logins, before the digest  2 now (ms)  3 reason, '' for no session
--       4 how long a revocation is kept (ms)
--       5 digest of the login; absent for all
-- Reply sessions of these logins, three values each: id, client, and 1 if the session was ended here, or 0 if its record
--       has expired. Others are not in it: who ends them puts that on the log, or has done so.
local by = {
  sessions = KEYS[2], stream = KEYS[3], head = KEYS[4],
  now = tonumber(ARGV[2]), reason = ARGV[3], revocation_ttl = tonumber(ARGV[4])
}
local one = ARGV[5]

local found = {}
for _, digest in ipairs(one and { one } or redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local login = redis.call('HGETALL', ARGV[1] .. digest)
  for index = 1, #login, 2 do
    local id = string.match(login[index], '^session:(.+)$')
    if id then
      local session = string.gsub(id, '^(%d+)-', '{%1}:s:')
      local state = redis.call('HGET', session, 's')
      local ends = by.reason ~= '' and state == 'active'
      if ends then end_session(session, id, by) end
      if ends or not state then
        found[#found + 1] = id
        found[#found + 1] = login[index + 1]
        found[#found + 1] = ends and 1 or 0
      end
    end
  end
  redis.call('DEL', ARGV[1] .. digest)
  redis.call('ZREM', KEYS[1], digest)
end
return #found > 0 and remember(found) or found
