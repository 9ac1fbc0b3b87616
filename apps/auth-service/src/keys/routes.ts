import { createHash } from 'node:crypto';
import { problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import type { KeyRing } from './key-ring.ts';
import type { JwkSet } from './loaded-keys.ts';

const jwkSetSchema = Type.Object({
  keys: Type.Array(
    Type.Object({
      kty: Type.Literal('RSA'),
      kid: Type.String(),
      use: Type.Literal('sig'),
      alg: Type.Literal('RS256'),
      n: Type.String(),
      e: Type.String(),
    }),
  ),
});

const time = Type.String({ format: 'date-time' });
const timeOrNull = Type.Union([time, Type.Null()]);

const keySchema = Type.Object({
  kid: Type.String(),
  state: Type.Union([
    Type.Literal('next', { description: 'Published, not signing yet.' }),
    Type.Literal('active', { description: 'Signs.' }),
    Type.Literal('retiring', { description: 'Published until the last token that it signed has expired.' }),
    Type.Literal('gone', { description: 'No longer published.' }),
  ]),
  published_at: time,
  may_sign_at: Type.Union([time, Type.Null()], {
    description: 'For the next key: the earliest time at which it may sign.',
  }),
  activated_at: timeOrNull,
  retired_at: timeOrNull,
  removed_at: timeOrNull,
});

const rotationSchema = Type.Object({
  action: Type.Union([Type.Literal('activated'), Type.Literal('published')]),
  kid: Type.String({ description: 'The key that was activated or published.' }),
  retiring: Type.Optional(Type.String({ description: 'The kid of the key that signed until now.' })),
  next: Type.Optional(Type.String({ description: 'The kid of the key that was published to follow.' })),
});

const refusals = { 401: problemSchema, 403: problemSchema, 503: problemSchema };

export type KeyRoutesOptions = {
  readonly keyRing: KeyRing;
  /** How long consumers may cache the set. */
  readonly jwksMaxAgeSeconds: number;
};

/** The public key set, and the management of signing keys. No answer contains any part of a private key. */
export async function keyRoutes(
  app: Service,
  { keyRing, jwksMaxAgeSeconds }: KeyRoutesOptions,
): Promise<void> {
  let answered: { readonly set: JwkSet; readonly etag: string } | undefined;

  app.get(
    '/.well-known/jwks.json',
    {
      schema: {
        summary: 'The public signing keys (RFC 7517)',
        tags: ['keys'],
        security: [],
        response: {
          200: { content: { 'application/jwk-set+json': { schema: jwkSetSchema } } },
          304: Type.Null(),
        },
      },
    },
    async (request, reply) => {
      const set = keyRing.jwks();
      if (answered?.set !== set) {
        answered = { set, etag: `"${createHash('sha256').update(JSON.stringify(set)).digest('base64url')}"` };
      }
      reply.header('cache-control', `public, max-age=${jwksMaxAgeSeconds}`).header('etag', answered.etag);
      if (isUnchanged(request.headers['if-none-match'], answered.etag)) return reply.code(304).send(null);
      return reply.type('application/jwk-set+json').send({ keys: [...set.keys] });
    },
  );

  app.get(
    '/keys',
    {
      onRequest: app.requireScope('keys:manage'),
      schema: {
        summary: 'List signing keys, the newest first',
        tags: ['keys'],
        response: { 200: Type.Object({ keys: Type.Array(keySchema) }), ...refusals },
      },
    },
    async () => ({
      keys: (await keyRing.list()).map((key) => ({
        kid: key.kid,
        state: key.state,
        published_at: isoTime(key.publishedAt),
        may_sign_at: key.state === 'next' ? isoTime(key.mayActivateAt) : null,
        activated_at: isoTimeOrNull(key.activatedAt),
        retired_at: isoTimeOrNull(key.retiredAt),
        removed_at: isoTimeOrNull(key.removedAt),
      })),
    }),
  );

  app.post(
    '/keys/rotation',
    {
      onRequest: app.requireScope('keys:manage'),
      schema: {
        summary: 'Rotate: sign with the next key from now on',
        description:
          'Refused with 409 and Retry-After until every consumer has had time to fetch the next key.',
        tags: ['keys'],
        response: { 200: rotationSchema, 201: rotationSchema, 409: problemSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const result = await keyRing.rotate({ subject: request.auth.subject, ...requestOrigin(request) });
      return reply.code(result.action === 'published' ? 201 : 200).send(result);
    },
  );

  app.delete(
    '/keys/:kid',
    {
      onRequest: app.requireScope('keys:manage'),
      schema: {
        summary: 'Revoke a key: every token that it signed is refused from now on',
        description:
          'If it is the active key, the next key signs at once instead. After a 503, repeat the request to complete the ' +
          'revocation. The access token of this request may be among the refused ones: refresh it.',
        tags: ['keys'],
        // RFC 7638: a SHA-256 in base64url.
        params: Type.Object({ kid: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }) }),
        response: {
          204: Type.Null({ description: 'Revoked, and the revocation is published.' }),
          400: problemSchema,
          404: problemSchema,
          ...refusals,
        },
      },
    },
    async (request, reply) => {
      await keyRing.revoke(request.params.kid, { subject: request.auth.subject, ...requestOrigin(request) });
      return reply.code(204).send(null);
    },
  );
}

/** RFC 9110 §13.1.2: a list of tags, compared weakly, or `*`. */
function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags !== undefined && (tags.includes('*') || tags.includes(etag));
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function isoTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}
