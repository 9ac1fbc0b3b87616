/** What an origin keeps over page loads and can hold keys. One record for each name. */
export type Records = {
  /**
   * Reads a record, and replaces it if `change` returns another value; undefined deletes it. One atomic step, also
   * between tabs. Resolves to what the record is then; rejects where nothing can be stored.
   */
  update(name: string, change: (record: unknown) => unknown): Promise<unknown>;
};

/** A browser may never answer (WebKit bug 226547), and nothing else may wait for that. */
const patienceMs = 3_000;
const storeName = 'sessions';

/**
 * Records in IndexedDB, which keeps a key without showing its bytes to any script.
 *
 * @example await indexedDbRecords(indexedDB).update('session', () => ({ key }));
 */
export function indexedDbRecords(factory: IDBFactory): Records {
  return {
    async update(name, change) {
      const database = await open(factory);
      try {
        return await inTime(updateIn(database, name, change));
      } finally {
        database.close();
      }
    },
  };
}

function open(factory: IDBFactory): Promise<IDBDatabase> {
  const request = factory.open('latchkey', 1);
  request.onupgradeneeded = () => request.result.createObjectStore(storeName);
  return inTime(resultOf(request));
}

async function updateIn(
  database: IDBDatabase,
  name: string,
  change: (record: unknown) => unknown,
): Promise<unknown> {
  const transaction = database.transaction(storeName, 'readwrite', { durability: 'strict' });
  const store = transaction.objectStore(storeName);
  const before: unknown = await resultOf(store.get(name));
  const after = change(before);
  if (after === before) return after;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  transaction.oncomplete = () => resolve();
  transaction.onabort = () => reject(transaction.error);
  if (after === undefined) store.delete(name);
  else store.put(after, name);
  await promise;
  return after;
}

function resultOf<Result>(request: IDBRequest<Result>): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
  return promise;
}

function inTime<Result>(work: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('IndexedDB did not answer.')), patienceMs);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
