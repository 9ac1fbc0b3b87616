-- Admits an attempt and counts it as failed, or refuses it and counts nothing. It is counted before its outcome is
-- known, so that a hundred concurrent guesses cannot all pass before the first has failed.
--
-- Each limit is one number: the time at which all its failures will be forgiven (generic cell rate algorithm).
--
-- KEYS  1..n one per limit, then, optionally: the mark of a familiar network, the mark of a reported refusal
-- ARGV  1 now (ms)  2 n  3 report refusals every (ms)
--       then for each limit: most failures, window (ms), 1 when a familiar network is exempt from it
-- Reply { wait (ms), 0 when admitted; 1 when the network is familiar; 1 when this refusal is to be reported }

-- How far the clocks of two replicas may differ (ms).
local MOST_SKEW = 5000

local now, count, report_every = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local familiar_key, reported_key = KEYS[count + 1], KEYS[count + 2]

local familiar_until = familiar_key and tonumber(redis.call('GET', familiar_key) or 0) or 0
local is_familiar = familiar_until > now

local wait = 0
local charged = {}
for i = 1, count do
  local most, window, exempts_familiar = tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2]), ARGV[3 * i + 3]
  if not (is_familiar and exempts_familiar == '1') then
    local forgiven_at = tonumber(redis.call('GET', KEYS[i]) or 0)
    -- A clock that was set back must not turn a few failures into a wait. The key's TTL shows when they are forgiven.
    local kept_for = math.min(math.max(redis.call('PTTL', KEYS[i]), 0), window)
    if forgiven_at - now > kept_for + MOST_SKEW then forgiven_at = now + kept_for end
    forgiven_at = math.min(math.max(forgiven_at, now), now + window) + window / most
    wait = math.max(wait, forgiven_at - window - now)
    charged[KEYS[i]] = forgiven_at
  end
end

if wait > 0 then
  local is_first = reported_key and redis.call('SET', reported_key, '1', 'NX', 'PX', report_every)
  return { math.ceil(wait), is_familiar and 1 or 0, is_first and 1 or 0 }
end
for key, forgiven_at in pairs(charged) do
  redis.call('SET', key, string.format('%.0f', forgiven_at), 'PX', string.format('%.0f', forgiven_at - now))
end
return { 0, is_familiar and 1 or 0, 0 }
