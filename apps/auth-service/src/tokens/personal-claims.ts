/** What we can say about a person, to a client with the scope `profile` (OpenID Connect Core §5.1). */
export type PersonalClaims = {
  readonly preferred_username: string;
  /** Seconds since the epoch. */
  readonly updated_at: number;
};

export type PersonalClaim = keyof PersonalClaims;

export const personalClaims = ['preferred_username', 'updated_at'] as const satisfies PersonalClaim[];

export function isPersonalClaim(name: string): name is PersonalClaim {
  return (personalClaims as readonly string[]).includes(name);
}

/** These of the personal claims of an account. */
export function personalClaimsOf(
  account: {
    readonly username: string;
    readonly passwordChangedAt: Date | null;
    readonly createdAt: Date;
  },
  wanted: readonly PersonalClaim[] = personalClaims,
): Partial<PersonalClaims> {
  const changedAt = account.passwordChangedAt ?? account.createdAt;
  const all: PersonalClaims = {
    preferred_username: account.username,
    updated_at: Math.floor(changedAt.getTime() / 1000),
  };
  return Object.fromEntries(wanted.map((name) => [name, all[name]]));
}
