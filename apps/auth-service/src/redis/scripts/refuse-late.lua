-- Stands in front of every script (script.ts). A Redis that was frozen carries out what was sent to it when it wakes;
-- whoever asked has been told by then that it was not, so it must have no effect.
--
-- ARGV  last: until when Redis may begin (ms since the epoch, by its own clock). It is taken away
do
  local deadline, time = tonumber(table.remove(ARGV)), redis.call('TIME')
  local now = time[1] * 1000 + time[2] / 1000
  if now > deadline then return redis.error_reply(string.format('LATE %.3f', now)) end
end
