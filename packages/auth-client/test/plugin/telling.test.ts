import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { forThisFile } from '@latchkey/testing';
import { expect, it, onTestFinished } from 'vitest';
import { callerOf, type Refusal } from '../../src/index.ts';
import { createTestIssuer } from '../../src/testing/index.ts';
import { audience, startService } from '../service.ts';

const callers: (string | undefined)[] = [];

const issuer = await forThisFile(createTestIssuer({ audience }));
const service = await forThisFile(startService(issuer));

function told(): string[] {
  const reasons: string[] = [];
  const listener = (message: unknown) => {
    const { request, error } = message as Refusal;
    callers.push(callerOf(request)?.subject);
    reasons.push(`${request.url} ${error.reason}`);
  };
  subscribe('@latchkey/auth-client:refused', listener);
  onTestFinished(() => void unsubscribe('@latchkey/auth-client:refused', listener));
  return reasons;
}

it('a listener learns which check refused a request, and no other', async () => {
  const reasons = told();
  await service.get('/cart');
  await service.cart(issuer.mint({ scope: 'cart:write' }));
  await service.cart(`${issuer.mint({ scope: 'cart:read' })}x`);
  await service.cart(issuer.mint({ scope: 'cart:read', lifetimeSeconds: -1 }));
  expect((await service.cart(issuer.mint({ scope: 'cart:read' }))).status).toBe(200);
  expect(reasons).toEqual([
    '/cart missing_token',
    '/cart insufficient_scope',
    '/cart base64url',
    '/cart exp',
  ]);
  // A refused request has no caller.
  expect(callers).toEqual([undefined, undefined, undefined, undefined]);
});
