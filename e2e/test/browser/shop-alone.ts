import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Stack } from '@latchkey/dev-stack';

const directory = join(import.meta.dirname, '..', '..', '..', 'apps', 'storefront');

export type ShopAlone = AsyncDisposable & {
  /** What it has logged so far. */
  log(): string;
};

/**
 * The storefront without the demo, as in production. It replaces the stack's own, which is stopped. Dispose of it.
 *
 * @param settings of its own
 */
export async function startShopAlone(
  { storefront, services, issuer }: Stack,
  settings: Record<string, string> = {},
): Promise<ShopAlone> {
  if (storefront === undefined) throw new Error('the stack has no storefront');
  await storefront.stop();
  const origin = (url: string) => url.replace('127.0.0.1', 'localhost');
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: directory,
    env: {
      PATH: process.env['PATH'],
      NODE_OPTIONS: process.env['NODE_OPTIONS'],
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: new URL(storefront.url).port,
      ISSUER: issuer,
      STOREFRONT_ORIGIN: origin(storefront.url),
      AUTH_ORIGIN: origin(services.auth.url),
      CART_ORIGIN: origin(services.cart.url),
      WISHLIST_ORIGIN: origin(services.wishlist.url),
      PAYMENT_ORIGIN: origin(services.payment.url),
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += String(chunk);
        if (output.includes('listening on')) resolve();
      });
    void ended.then(() => reject(new Error(`the storefront did not start: ${output}`)));
  });
  return {
    log: () => output,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      await storefront.start();
    },
  };
}
