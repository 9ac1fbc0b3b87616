import type { UserAuthentication } from '@latchkey/auth-client';

/** For the log: the cart's owner, and the services that acted for the owner, the sender of the request first. */
export function acting({ subject, actor }: Pick<UserAuthentication, 'subject' | 'actor'>): {
  subject: string;
  actors: string[];
} {
  const actors: string[] = [];
  for (let current = actor; current !== undefined; current = current.actor) actors.push(current.subject);
  return { subject, actors };
}
