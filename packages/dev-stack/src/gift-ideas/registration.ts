import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runAuthCommand } from '../services/auth-command.ts';
import { giftIdeasDefinition } from '../services/definitions.ts';
import { originAt } from '../services/environment.ts';

/**
 * Registers gift-ideas at auth-service, unless it is registered just so. Do it before auth-service starts: one that
 * runs learns of it only within 5 s.
 *
 * @param directory keeps the hash of what is registered
 * @param env auth-service's environment
 */
export async function registerGiftIdeas(
  { port, secret }: { port: number; secret: string },
  { directory, env, signal }: { directory: string; env: NodeJS.ProcessEnv; signal?: AbortSignal | undefined },
): Promise<void> {
  const marker = join(directory, 'gift-ideas-registered');
  const application = {
    id: giftIdeasDefinition.name,
    name: 'Gift ideas',
    redirect_uris: [`${originAt(port)}/callback`],
    scopes: ['openid', 'profile', 'offline_access', 'wishlist:read'],
    secret,
  };
  const hash = createHash('sha256').update(JSON.stringify(application)).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return;
  await runAuthCommand({ command: 'register-applications', lines: [application], env, signal });
  writeFileSync(marker, hash);
}
