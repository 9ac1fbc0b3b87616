import type { UserAuthentication } from '@latchkey/auth-client';

/** For the log: whose cart it is, and which services acted for them, the one that sent the request first. */
export function acting({ subject, actor }: Pick<UserAuthentication, 'subject' | 'actor'>): {
  subject: string;
  actors: string[];
} {
  const actors: string[] = [];
  for (let current = actor; current !== undefined; current = current.actor) actors.push(current.subject);
  return { subject, actors };
}
