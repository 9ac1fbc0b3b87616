import { useMutation } from '@tanstack/react-query';
import { currentLanguage } from '../i18n/i18n.ts';
import { session } from '../session/session.ts';

/** Leaves for the sign-in page of auth-service. It leads back here: see session/sign-in-answer.ts. */
export function useLeave() {
  return useMutation({
    mutationFn: (options: { loginHint?: string; maxAgeSeconds?: number }) =>
      session.beginSignIn({ uiLocales: currentLanguage(), ...options }),
  });
}
