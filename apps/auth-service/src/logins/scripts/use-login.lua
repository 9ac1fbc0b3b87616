-- Reads a login and extends its idle lifetime, up to its absolute expiry. Puts it back into the list of the person's
-- logins.
--
-- KEYS  1 login  2 prefix of the keys of lists of logins, before the subject
-- ARGV  1 idle lifetime (ms)  2 now (ms)  3 digest of the login's id
-- Reply { subject, auth_time (s), expires_at (ms), provider, session there, when they returned (s), when their password
--       had been changed (ms; 0 for never) }, the last four '' if they are not known, or {} when there is no such login
local found = redis.call('HMGET', KEYS[1], 'subject', 'auth_time', 'expires_at', 'provider', 'provider_sid',
  'returned_at', 'password_changed_at')
if not found[1] then return {} end
local left = tonumber(found[3]) - tonumber(ARGV[2])
if left <= 0 then return {} end
redis.call('PEXPIRE', KEYS[1], math.min(left, tonumber(ARGV[1])))
-- If the list was evicted, ending all of the person's logins would miss this one.
local list = KEYS[2] .. found[1]
if redis.call('ZADD', list, 'NX', found[3], ARGV[3]) == 1 then
  redis.call('PEXPIREAT', list, redis.call('ZRANGE', list, -1, -1, 'WITHSCORES')[2])
end
return { found[1], found[2], found[3], found[4] or '', found[5] or '', found[6] or '', found[7] or '' }
