import type { Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import type { SigningKeys, Timed } from './api.ts';
import { type DemoContext, tags, withTokenSchema } from './context.ts';
import { timed } from './stopwatch.ts';

type Key = { readonly kid: string; readonly state: string; readonly may_sign_at: string | null };

/** Rotates or revokes the issuer's signing keys, as the administrator. */
export async function keyRoutes(app: Service, { administrator, services }: DemoContext): Promise<void> {
  async function signingKeys(): Promise<SigningKeys> {
    const { body } = await administrator.ask({ path: '/keys' });
    const keys = (body['keys'] ?? []) as readonly Key[];
    return {
      keys: keys.flatMap(({ kid, state, may_sign_at }) =>
        state === 'next' || state === 'active' || state === 'retiring' ? [{ kid, state, may_sign_at }] : [],
      ),
    };
  }

  app.get('/keys', { schema: { summary: 'The signing keys', tags } }, signingKeys);

  app.post('/keys/rotation', { schema: { summary: 'Have the next key sign', tags } }, async () => {
    await administrator.ask({ method: 'POST', path: '/keys/rotation' });
    return await signingKeys();
  });

  app.delete(
    '/keys/:kid',
    {
      schema: {
        summary: 'Have every token that this key signed refused',
        tags,
        params: Type.Object({ kid: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }) }),
        body: withTokenSchema,
      },
    },
    async (request): Promise<SigningKeys & Timed> => {
      const { stopwatch } = await timed(services, request.body.access_token, () =>
        administrator.ask({ method: 'DELETE', path: `/keys/${request.params.kid}` }),
      );
      return { ...(await signingKeys()), stopwatch };
    },
  );
}
