import { type Acr, acrPassword, acrProvider } from '../tokens/claims.ts';

/** That somebody signed in at another provider. */
export type Elsewhere = {
  readonly provider: string;
  /** The session there; undefined when the provider does not name it. */
  readonly sid: string | undefined;
  /** When they came back, in seconds since the epoch; undefined if the provider said when they authenticated. */
  readonly returnedAt: number | undefined;
};

export function acrOf(elsewhere: Elsewhere | undefined): Acr {
  return elsewhere === undefined ? acrPassword : acrProvider;
}

/** As the records in Redis keep it. */
export function elsewhereFrom(
  provider: string | null | undefined,
  sid: string | null | undefined,
  returnedAt: string | null | undefined,
): Elsewhere | undefined {
  if (!provider) return undefined;
  return { provider, sid: sid || undefined, returnedAt: returnedAt ? Number(returnedAt) : undefined };
}
