-- Ends all logins of a person.
--
-- KEYS  1 logins of the subject
-- ARGV  1 prefix of the keys of logins, before the digest
-- Reply how many there were
local digests = redis.call('ZRANGE', KEYS[1], 0, -1)
for _, digest in ipairs(digests) do redis.call('DEL', ARGV[1] .. digest) end
redis.call('DEL', KEYS[1])
return #digests
