import { useSession } from '../../session/use-session.ts';
import { decodeToken } from '../token/token.ts';

/** The key that signed the page's token; null when nobody is signed in. */
export function useTokenKeyId(): string | null {
  const state = useSession();
  const token = state.status === 'signed_in' ? decodeToken(state.accessToken) : null;
  return typeof token?.header['kid'] === 'string' ? token.header['kid'] : null;
}
