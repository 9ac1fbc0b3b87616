import { useMutation } from '@tanstack/react-query';
import { config } from '../config.ts';
import { currentLanguage } from '../i18n/i18n.ts';
import { session } from '../session/session.ts';
import { beginVisit } from '../traffic/visit.ts';

export type Leaving = {
  readonly loginHint?: string;
  readonly maxAgeSeconds?: number;
  /** The id of the provider where the person signs in. */
  readonly identityProvider?: string;
};

/**
 * Leaves for the sign-in page of auth-service, or for a provider. It leads back here: see session/sign-in-answer.ts.
 */
export function useLeave() {
  return useMutation({
    mutationFn: async (options: Leaving) => {
      const { identityProvider: provider = null, maxAgeSeconds } = options;
      const url = new URL(`${config.issuer}/authorize?response_type=code&client_id=${config.client_id}`);
      if (provider !== null) url.searchParams.set('identity_provider', provider);
      if (maxAgeSeconds !== undefined) url.searchParams.set('max_age', String(maxAgeSeconds));
      beginVisit({ kind: 'sign_in', provider, url: `${url.href}&state=&code_challenge=` });
      await session.beginSignIn({ uiLocales: currentLanguage(), ...options });
    },
  });
}
