import type { BrowserContext } from 'playwright-core';
import type { SessionTab } from './session-tab.ts';

/** What a thief can copy out of a browser. */
export type Loot = {
  readonly token: string;
  readonly cookies: Awaited<ReturnType<BrowserContext['cookies']>>;
  /** localStorage and sessionStorage. */
  readonly texts: readonly [Record<string, string>, Record<string, string>];
  readonly keys: readonly CopiedKey[];
};

/** What a script can read of a session's key. */
export type CopiedKey = {
  readonly thumbprint: string;
  readonly publicKey: object;
  /** The outcome of each try to read the private part: the name of the error. */
  readonly privateKey: readonly string[];
};

/** As session-page.ts makes it. */
type WithRecords = {
  records: { update(name: string, change: (record: unknown) => unknown): Promise<unknown> };
  localStorage: Record<string, string>;
  sessionStorage: Record<string, string>;
  indexedDB: { deleteDatabase(name: string): { onsuccess: () => void; onerror: () => void } };
};

type Kept = { readonly thumbprint: string; readonly publicKey: CryptoKey; readonly privateKey: CryptoKey };
type CryptoKey = Parameters<typeof crypto.subtle.exportKey>[1];

/** The keys that the origin keeps for the session with this name, as far as a script can read them. */
export function keysIn({ page }: SessionTab, name: string): Promise<CopiedKey[]> {
  return page.evaluate(async (record) => {
    const { records } = globalThis as unknown as WithRecords;
    const keys = ((await records.update(record, (kept) => kept)) ?? []) as Kept[];
    const nameOf = (error: unknown) => (error as Error).name;
    return Promise.all(
      keys.map(async ({ thumbprint, publicKey, privateKey }) => ({
        thumbprint,
        publicKey: await crypto.subtle.exportKey('jwk', publicKey),
        privateKey: await Promise.all(
          (['jwk', 'pkcs8'] as const).map((format) =>
            crypto.subtle.exportKey(format, privateKey).then(() => 'read', nameOf),
          ),
        ),
      })),
    );
  }, name);
}

/** Copies all that there is in a browser. */
export async function plunder(tab: SessionTab, name: string): Promise<Loot> {
  const texts = await tab.page.evaluate((): Loot['texts'] => {
    const { localStorage, sessionStorage } = globalThis as unknown as WithRecords;
    return [{ ...localStorage }, { ...sessionStorage }];
  });
  return {
    token: (await tab.token()) ?? '',
    cookies: await tab.page.context().cookies(),
    texts,
    keys: await keysIn(tab, name),
  };
}

/**
 * Puts it all into the browser of this tab. In the place of each private key, which nobody can read, is one of the
 * thief's own, under the thumbprint and with the public key of the victim's.
 */
export async function plant({ page }: SessionTab, name: string, loot: Loot): Promise<void> {
  await page.context().addCookies([...loot.cookies]);
  await page.evaluate(
    async ({ record, texts, keys }) => {
      const { records, localStorage, sessionStorage } = globalThis as unknown as WithRecords;
      Object.assign(localStorage, texts[0]);
      Object.assign(sessionStorage, texts[1]);
      const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
      const forged = await Promise.all(
        keys.map(async ({ thumbprint, publicKey }) => ({
          ...(await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])),
          publicKey: await crypto.subtle.importKey('jwk', publicKey, algorithm, true, ['verify']),
          thumbprint,
        })),
      );
      await records.update(record, () => (forged.length === 0 ? undefined : forged));
    },
    { record: name, texts: loot.texts, keys: loot.keys },
  );
}

/** Deletes the origin's IndexedDB, as clearing it in the browser's settings does. */
export function deleteDatabase({ page }: SessionTab): Promise<void> {
  return page.evaluate(() => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const request = (globalThis as unknown as WithRecords).indexedDB.deleteDatabase('latchkey');
    request.onsuccess = () => resolve();
    request.onerror = () => reject(new Error('the database was not deleted'));
    return promise;
  });
}
