import type { Service } from '@latchkey/service-kit';
import type { IdempotencyStore } from './idempotency-store.ts';

const everyMs = 60 * 60 * 1000;

/** Deletes old idempotency keys every hour. Every replica does so: deleting twice does no harm. */
export function forgetOldKeys(app: Service, keys: IdempotencyStore): void {
  const timer = setInterval(() => {
    keys.forgetOld().then(
      (count) => app.log.debug({ count }, 'idempotency keys forgotten'),
      (error: unknown) => app.log.warn({ err: error }, 'idempotency keys could not be forgotten'),
    );
  }, everyMs);
  timer.unref();
  app.addHook('onClose', async () => clearInterval(timer));
}
