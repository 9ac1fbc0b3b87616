/** What a change of an account does to its person's sessions. sessions/ provides it. */
export type AccountSessions = {
  /** Undefined once this session has ended. */
  find(subject: string, sessionId: string): Promise<object | undefined>;
  /** Ends all sessions of this person but `except`; returns the ids of those that it ended. */
  endAll(
    subject: string,
    reason: 'account_disabled' | 'password_changed',
    except?: string,
  ): Promise<readonly string[]>;
  /** Gives all living sessions of this person other roles. */
  changeRoles(
    subject: string,
    to: { readonly roles: readonly string[]; readonly rolesVersion: number },
  ): Promise<void>;
};
