export type SessionState =
  | {
      /** It is not known yet whether a person is signed in. */
      readonly status: 'restoring';
    }
  | {
      readonly status: 'signed_out';
      /**
       * Why the session ended, in auth-service's words (`displaced`, `reuse`, …); null if there was no session or no
       * reason. `no_cookie`: the browser did not keep the cookie. `cross_site`: it cannot, because the page is
       * cross-site.
       */
      readonly reason: string | null;
    }
  | {
      readonly status: 'signed_in';
      readonly accessToken: string;
      readonly subject: string;
      readonly sessionId: string;
      readonly scopes: readonly string[];
      /** By this machine's clock, in milliseconds since the epoch. In the past while auth-service cannot be reached. */
      readonly expiresAtMs: number;
      /** When the person last authenticated, in milliseconds since the epoch, by auth-service's clock. */
      readonly authTimeMs: number;
      /** Whether the tokens are worth nothing without this browser's key. `fetch` proves that it is there. */
      readonly isBound: boolean;
    };
