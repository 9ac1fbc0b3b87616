-- Precedes a script that would answer otherwise when it is repeated. ioredis repeats one whose reply was lost.
--
-- KEYS  last: this call. It is removed
-- ARGV  last: how long its reply is kept (ms). It is removed
local call, kept_for = table.remove(KEYS), table.remove(ARGV)
do
  local reply = redis.call('GET', call)
  if reply then return cjson.decode(reply) end
end

-- Keeps a reply for a repetition, and returns it. For replies that say that something was done: the others are the same
-- when they are repeated.
local function remember(reply)
  redis.call('SET', call, cjson.encode(reply), 'PX', kept_for)
  return reply
end
