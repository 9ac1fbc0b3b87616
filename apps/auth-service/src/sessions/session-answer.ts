import { Type } from 'typebox';
import type { ListedSession } from './session.ts';

const time = Type.String({ format: 'date-time' });

/** A session in a list of devices. */
export const listedSessionSchema = Type.Object({
  id: Type.String(),
  client_id: Type.String(),
  device_name: Type.String(),
  address: Type.String({ description: 'An IPv4 address, or the /64 network of an IPv6 one.' }),
  created_at: time,
  last_used_at: time,
  expires_at: time,
  bound: Type.Boolean({ description: 'Whether its tokens are worth nothing without the key of the device.' }),
  foreign_key_at: Type.Optional(
    Type.String({
      format: 'date-time',
      description:
        'When its refresh token was last presented without that key, as by somebody who has copied it.',
    }),
  ),
  current: Type.Boolean({ description: 'Whether the request’s token belongs to this session.' }),
});

/** `currentId`: the session of the request's token. */
export function listedSessionAnswer(session: ListedSession, currentId: string) {
  return {
    id: session.id,
    client_id: session.clientId,
    device_name: session.deviceName,
    address: session.address,
    created_at: new Date(session.createdAt).toISOString(),
    last_used_at: new Date(session.lastUsedAt).toISOString(),
    expires_at: new Date(session.expiresAt).toISOString(),
    bound: session.isBound,
    ...(session.foreignKeyAt !== undefined && {
      foreign_key_at: new Date(session.foreignKeyAt).toISOString(),
    }),
    current: session.id === currentId,
  };
}
