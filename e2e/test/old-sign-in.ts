import { ageSession } from '@latchkey/auth-service/testing';
import type { Stack } from '@latchkey/dev-stack';
import { Redis } from 'ioredis';

const secondsAgo = 3600;

/**
 * Makes a session's last authentication an hour old. Only tokens that are issued from now on say so; existing tokens
 * do not change.
 */
export async function ageSignIn({ redis }: Stack, accessToken: string): Promise<void> {
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
  const client = new Redis(redis.url);
  try {
    await ageSession(client, claims.sid, Math.floor(Date.now() / 1000) - secondsAgo);
  } finally {
    client.disconnect();
  }
}
