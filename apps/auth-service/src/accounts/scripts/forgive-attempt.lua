-- Forgives failures that charge-attempt.lua counted, and marks the network as familiar. If it runs twice (after a lost
-- reply), it forgives at most one failure too many.
--
-- KEYS  1..n one per limit that was charged, then, optionally: the mark of a familiar network
-- ARGV  1 n  2 familiar until (ms since the epoch)  3 familiar for (ms)
--       then for each limit: how much to forgive (ms), 0 for all
local count = tonumber(ARGV[1])
for i = 1, count do
  local amount = tonumber(ARGV[3 + i])
  local ttl = redis.call('PTTL', KEYS[i])
  if amount == 0 or ttl <= amount then
    redis.call('DEL', KEYS[i])
  else
    local forgiven_at = tonumber(redis.call('GET', KEYS[i])) - amount
    redis.call('SET', KEYS[i], string.format('%.0f', forgiven_at), 'PX', string.format('%.0f', ttl - amount))
  end
end
if KEYS[count + 1] then redis.call('SET', KEYS[count + 1], ARGV[2], 'PX', ARGV[3]) end
