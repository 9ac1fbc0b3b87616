export type SessionState =
  | {
      /** It is not known yet whether somebody is signed in. */
      readonly status: 'restoring';
    }
  | {
      readonly status: 'signed_out';
      /**
       * Why the session ended, as auth-service says it (`displaced`, `reuse`, …); null: there was none, or it says nothing.
       * `no_cookie`: the browser did not keep the cookie. `cross_site`: nor can it, as the page is of another site.
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
      /** When the person last proved who they are, in milliseconds since the epoch, by auth-service's clock. */
      readonly authTimeMs: number;
    };
