/**
 * When the person authenticated, in milliseconds since the epoch; null where it is not known. auth-service says 1 s when
 * a provider has not said it.
 */
export function knownAuthTime({ authTimeMs }: { readonly authTimeMs: number }): number | null {
  return authTimeMs > 1000 ? authTimeMs : null;
}
