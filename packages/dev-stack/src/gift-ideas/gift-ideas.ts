import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runAuthCommand } from '../services/auth-command.ts';
import { giftIdeasDefinition } from '../services/definitions.ts';
import { addressOf, commonEnvironment, issuerAt, type Ports } from '../services/environment.ts';
import { createService, type Service } from '../services/service.ts';

export type GiftIdeasOptions = {
  ports: Ports & { giftIdeas: number };
  secret: string;
  /** Folder for the log. */
  logs: string;
  onCrash?: ((message: string) => void) | undefined;
};

/** Creates gift-ideas, an application of a partner. Does not register or start it. */
export function createGiftIdeas({ ports, secret, logs, onCrash }: GiftIdeasOptions): Service {
  const { auth, cart, wishlist, giftIdeas } = ports;
  return createService(giftIdeasDefinition, {
    port: giftIdeas,
    env: {
      ...commonEnvironment(giftIdeas),
      PUBLIC_URL: originAt(giftIdeas),
      ISSUER: issuerAt(auth),
      CLIENT_ID: giftIdeasDefinition.name,
      CLIENT_SECRET: secret,
      WISHLIST_URL: addressOf(wishlist),
      CART_URL: addressOf(cart),
    },
    logFile: join(logs, `${giftIdeasDefinition.name}.log`),
    onCrash,
  });
}

/**
 * Registers gift-ideas at auth-service, unless it is registered just so. Do it before auth-service starts: one that
 * runs learns of it only within 5 s.
 *
 * @param directory keeps the hash of what is registered
 * @param env auth-service's environment
 */
export async function registerGiftIdeas(
  { ports, secret }: Pick<GiftIdeasOptions, 'ports' | 'secret'>,
  { directory, env, signal }: { directory: string; env: NodeJS.ProcessEnv; signal?: AbortSignal | undefined },
): Promise<void> {
  const marker = join(directory, 'gift-ideas-registered');
  const application = {
    id: giftIdeasDefinition.name,
    name: 'Gift ideas',
    redirect_uris: [`${originAt(ports.giftIdeas)}/callback`],
    scopes: ['openid', 'profile', 'offline_access', 'wishlist:read'],
    secret,
  };
  const hash = createHash('sha256').update(JSON.stringify(application)).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return;
  await runAuthCommand({ command: 'register-applications', lines: [application], env, signal });
  writeFileSync(marker, hash);
}

function originAt(port: number): string {
  return `http://localhost:${port}`;
}
