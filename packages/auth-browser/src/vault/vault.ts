import { SessionError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import type { IssuedToken } from '../session-fact.ts';

/** What the vault keeps of a session. */
export type Kept = IssuedToken & { readonly sessionId: string; readonly refreshToken: string };

/** Tokens out of the vault, and the record that they were in. */
export type Opened = { readonly kept: Kept; readonly sealed: Sealed };

/**
 * A session's tokens, at rest under a key that no script can read. Each function but `read` throws SessionError.
 *
 * A tab that stood still may call any of these long after other tabs have gone on. So what depends on an earlier `read`
 * names it, and changes nothing if the vault holds another record by then.
 */
export type Vault = {
  /** Undefined if there are none, or if they cannot be opened: they were made for another origin, client or session. */
  read(): Promise<Opened | undefined>;
  /**
   * Keeps the tokens of a new session, under a new key, in the place of those of the session of `after`. Another session
   * that has begun meanwhile stays. Returns what the vault holds then.
   */
  begin(first: Kept, options: { readonly after: Opened | undefined }): Promise<Kept>;
  /** Keeps the next tokens of the same session in the place of those of `after`. Returns what the vault holds then. */
  replace(next: Kept, options: { readonly after: Opened }): Promise<Kept | undefined>;
  /** Deletes the tokens of `of`, with their key. Returns what the vault holds then. */
  wipe(options: { readonly of: Opened }): Promise<Kept | undefined>;
  /** Deletes the tokens of a session that is over, with their key, also if they are later ones. */
  end(sessionId: string): Promise<void>;
};

export type VaultOptions = {
  /** Of the issuer and the client. */
  readonly name: string;
  readonly platform: Pick<Platform, 'records' | 'address'>;
};

type Sealed = {
  readonly key: CryptoKey;
  readonly sessionId: string;
  /** New for each record, so it also tells one from another. */
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly bytes: ArrayBuffer;
};

/**
 * AES-256-GCM (NIST SP 800-38D) with a non-extractable key of WebCrypto in IndexedDB. The additional data are the origin,
 * the issuer, the client and the session, so nothing that was sealed elsewhere opens here.
 *
 * Does not protect against scripts of this origin while they run: they can use the vault as the page does.
 *
 * @example
 * const vault = createVault({ name, platform });
 * await vault.begin({ ...token, sessionId, refreshToken }, { after: await vault.read() });
 */
export function createVault({ name, platform }: VaultOptions): Vault {
  const recordName = `${name} vault`;

  async function update(change: (record: unknown) => unknown): Promise<unknown> {
    const { records } = platform;
    if (records === undefined)
      throw new SessionError('insecure_context', 'Serve the page over https, or from localhost.');
    try {
      return await records.update(recordName, change);
    } catch (cause) {
      throw new SessionError('storage_blocked', 'The browser stores nothing for this page.', { cause });
    }
  }

  /** AES-GCM allows one use of an IV with a key. 96 random bits repeat for nobody who refreshes less than 2^32 times. */
  function parametersFor({ iv, sessionId }: Pick<Sealed, 'iv' | 'sessionId'>): AesGcmParams {
    const { origin } = new URL(platform.address.get());
    const about = JSON.stringify([origin, name, sessionId]);
    return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(about), tagLength: 128 };
  }

  async function seal(key: CryptoKey, kept: Kept): Promise<Sealed> {
    const { sessionId } = kept;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = new TextEncoder().encode(JSON.stringify(kept));
    const bytes = await crypto.subtle.encrypt(parametersFor({ iv, sessionId }), key, text);
    return { key, sessionId, iv, bytes };
  }

  async function open(sealed: unknown): Promise<Opened | undefined> {
    if (!isSealed(sealed)) return undefined;
    try {
      const text = await crypto.subtle.decrypt(parametersFor(sealed), sealed.key, sealed.bytes);
      return { kept: JSON.parse(new TextDecoder().decode(text)) as Kept, sealed };
    } catch {
      return undefined;
    }
  }

  return {
    read: async () => open(await update((record) => record)),

    async begin(first, { after }) {
      const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
        'encrypt',
        'decrypt',
      ]);
      const sealed = await seal(key, first);
      const isFree = (record: unknown) => !isSealed(record) || record.sessionId === after?.sealed.sessionId;
      const held = await update((record) => (isFree(record) ? sealed : record));
      const opened = await open(held);
      if (opened !== undefined) return opened.kept;
      // What nobody can open keeps nobody from signing in.
      await update((record) => (isSealed(held) && isSame(record, held) ? sealed : record));
      return first;
    },

    async replace(next, { after }) {
      const sealed = await seal(after.sealed.key, next);
      const held = await open(await update((record) => (isSame(record, after.sealed) ? sealed : record)));
      return held?.kept;
    },

    async wipe({ of }) {
      const held = await open(await update((record) => (isSame(record, of.sealed) ? undefined : record)));
      return held?.kept;
    },

    async end(sessionId) {
      await update((record) => (isSealed(record) && record.sessionId === sessionId ? undefined : record));
    },
  };
}

function isSame(record: unknown, { iv }: Sealed): boolean {
  return isSealed(record) && record.iv.toString() === iv.toString();
}

function isSealed(record: unknown): record is Sealed {
  if (typeof record !== 'object' || record === null) return false;
  const { key, sessionId, iv, bytes } = record as Record<string, unknown>;
  return (
    key instanceof CryptoKey &&
    typeof sessionId === 'string' &&
    iv instanceof Uint8Array &&
    bytes instanceof ArrayBuffer
  );
}
