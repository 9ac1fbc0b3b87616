-- Which data set there is; begins one if there is none.
--
-- KEYS  1 stream of revocations  2 its head
-- ARGV  1 now (ms)  2 how long a revocation is kept (ms)
-- Reply the id of the data set
return ensure_data_set(KEYS[1], KEYS[2], tonumber(ARGV[2]), tonumber(ARGV[1]))
