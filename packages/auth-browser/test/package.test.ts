import { join } from 'node:path';
import { installPacked, type PackedPackage } from '@latchkey/testing/packed-package';
import { afterAll, beforeAll, expect, it } from 'vitest';

const pageFile = `
import {
  type BrowserSession, createBrowserSession, SessionError, type SessionState,
} from '@latchkey/auth-browser';

export const session: BrowserSession = createBrowserSession({ issuer: 'http://a.example', clientId: 'a', services: [] });
export const nameOf = (state: SessionState): string => (state.status === 'signed_in' ? state.subject : state.status);
export const waitOf = (error: unknown): number => (error instanceof SessionError ? (error.retryAfterSeconds ?? 0) : 0);
// @ts-expect-error what is inside stays inside
export type { RefreshLock } from '@latchkey/auth-browser/dist/refresh-lock.js';
`;

let packed: PackedPackage;
beforeAll(async () => {
  packed = await installPacked(join(import.meta.dirname, '..'), {
    dependencies: [],
    files: { 'page.ts': pageFile },
  });
});
afterAll(() => packed.remove());

it('satisfies publint and attw: its types are found and true', async () => {
  expect(await packed.faults()).toEqual([]);
});

it('has no dependency, and contains only what is needed to run it and to read it', () => {
  expect(packed.contents).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
  expect(packed.strangers).toEqual([]);
  const { dependencies, peerDependencies } = packed.manifest;
  expect([dependencies, peerDependencies]).toEqual([undefined, undefined]);
});

it('type-checks in a page, with TypeScript 5.4 too', async () => {
  expect(await packed.typeFaults('page.ts')).toBe('');
  expect(packed.oldTypeFaults('page.ts')).toEqual([]);
});
