/** What the tests of the whole system share in this worker process, the latest last. */
const shared: (() => Promise<void>)[] = [];

/**
 * Returns a function that ends a shared thing once, for the cleanup of a fixture. `endShared` may call it before.
 *
 * @example onCleanup(endOnce(() => stack.stop()));
 */
export function endOnce(end: () => Promise<unknown>): () => Promise<void> {
  let ended: Promise<void> | undefined;
  const once = () => (ended ??= end().then(() => {}));
  shared.push(once);
  return once;
}

/** Ends everything that is shared, the latest first. A test that asks for it afterwards gets what has ended. */
export async function endShared(): Promise<void> {
  for (const end of shared.splice(0).reverse()) await end();
}
