import { useSession } from '../session/use-session.ts';
import { type Fault, faultOf } from './fault.ts';

/** What an error means for who is signed in; null when there is none. */
export function useFault(error: unknown): Fault | null {
  const state = useSession();
  if (error === null || error === undefined) return null;
  return faultOf(error, state.status === 'signed_in' ? state.scopes : []);
}
