-- Part of the scripts that end sessions.

-- Ends a session that is known to be active: one entry on the feed, the reason in its record, and out of the list of
-- its person's sessions. `by` has sessions, stream, head, revocation_ttl (ms), now (ms) and reason.
local function end_session(session, id, by)
  publish_revocation(by.stream, by.head, by.revocation_ttl, by.now, {
    'kind', 'session', 'id', id, 'reason', by.reason
  })
  redis.call('HSET', session, 's', 'revoked', 'w', by.reason)
  redis.call('ZREM', by.sessions, id)
end
