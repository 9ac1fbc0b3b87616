import { useSession } from '../session/use-session.ts';
import { type Fault, faultOf } from './fault.ts';

/** The fault that an error is for the person who is signed in; null without an error. */
export function useFault(error: unknown): Fault | null {
  const state = useSession();
  if (error === null || error === undefined) return null;
  return faultOf(error, state.status === 'signed_in' ? state.scopes : []);
}
