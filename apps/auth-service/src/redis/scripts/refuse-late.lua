-- Precedes every script (script.ts). A frozen Redis runs the commands that it received when it resumes. The caller has
-- been told by then that they failed, so they must have no effect.
--
-- ARGV  last: until when Redis may begin (ms since the epoch, by its own clock). It is removed
do
  local deadline, time = tonumber(table.remove(ARGV)), redis.call('TIME')
  local now = time[1] * 1000 + time[2] / 1000
  if now > deadline then return redis.error_reply(string.format('LATE %.3f', now)) end
end
