-- Starts a login: writes its record, and adds it to the list of the person's logins.
--
-- KEYS  1 login  2 logins of the subject  3 the login that it continues, if there is one
-- ARGV  1 digest of the login's id  2 idle lifetime (ms)  3 absolute expiry (ms)  4 most logins
--       5.. the record's fields and values
local login, logins = KEYS[1], KEYS[2]
redis.call('HSET', login, unpack(ARGV, 5))
if KEYS[3] then
  local previous = redis.call('HGETALL', KEYS[3])
  for index = 1, #previous, 2 do
    if string.find(previous[index], '^session:') then redis.call('HSET', login, previous[index], previous[index + 1]) end
  end
  redis.call('DEL', KEYS[3])
end
redis.call('PEXPIRE', login, ARGV[2])
local time = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', logins, '-inf', time[1] * 1000)
redis.call('ZADD', logins, ARGV[3], ARGV[1])
-- Those that expire first are the oldest. This one is spared, even when a clock that was set back makes it look old.
local prefix = string.sub(login, 1, -1 - #ARGV[1])
local oldest = redis.call('ZRANGE', logins, 0, -tonumber(ARGV[4]))
local surplus = #oldest - 1
for _, digest in ipairs(oldest) do
  if surplus > 0 and digest ~= ARGV[1] then
    redis.call('DEL', prefix .. digest)
    redis.call('ZREM', logins, digest)
    surplus = surplus - 1
  end
end
redis.call('PEXPIREAT', logins, redis.call('ZRANGE', logins, -1, -1, 'WITHSCORES')[2])
return 1
