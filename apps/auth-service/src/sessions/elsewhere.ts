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

/** That a person signed out at a provider: in its session `sid`, or in all of them if that is undefined. */
export type SignOutElsewhere = {
  readonly provider: string;
  readonly sid: string | undefined;
  /** Ends only what began by then, in seconds since the epoch, so that an old message does no harm. */
  readonly startedBy: number;
};

/** Whether what began with a sign-in elsewhere ends with this sign-out there. */
export function endsWith(
  { provider, sid, startedBy }: SignOutElsewhere,
  began: {
    readonly provider: string | null | undefined;
    readonly sid: string | null | undefined;
    /** In seconds since the epoch. */
    readonly startedAt: number;
  },
): boolean {
  return (
    began.provider === provider && (sid === undefined || began.sid === sid) && began.startedAt <= startedBy
  );
}

/** The fields under which a record in Redis keeps it. */
export function elsewhereFields(
  elsewhere: Elsewhere | undefined,
  [provider, sid, returnedAt]: readonly [provider: string, sid: string, returnedAt: string],
): Record<string, string | number> {
  if (elsewhere === undefined) return {};
  return {
    [provider]: elsewhere.provider,
    ...(elsewhere.sid !== undefined && { [sid]: elsewhere.sid }),
    ...(elsewhere.returnedAt !== undefined && { [returnedAt]: elsewhere.returnedAt }),
  };
}

/** Reads the values of these fields. */
export function elsewhereFrom(
  provider: string | null | undefined,
  sid: string | null | undefined,
  returnedAt: string | null | undefined,
): Elsewhere | undefined {
  if (!provider) return undefined;
  return { provider, sid: sid || undefined, returnedAt: returnedAt ? Number(returnedAt) : undefined };
}
