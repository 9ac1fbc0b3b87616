/** The operations on sessions that changes of an account need. sessions/ provides them. */
export type AccountSessions = {
  /** Resolves to undefined once this session has ended. */
  find(subject: string, sessionId: string): Promise<object | undefined>;
  /** Ends all sessions of this person but `except`; returns the ids of those that it ended. */
  endAll(
    subject: string,
    reason: 'account_disabled' | 'password_changed' | 'ways_in_changed',
    except?: string,
  ): Promise<readonly string[]>;
  /** Gives all live sessions of this person new roles. */
  changeRoles(
    subject: string,
    to: { readonly roles: readonly string[]; readonly rolesVersion: number },
  ): Promise<void>;
};
