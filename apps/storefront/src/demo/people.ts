import type { Service } from '@latchkey/service-kit';
import type { DemoPeople } from './api.ts';
import { type DemoContext, tags } from './context.ts';

/** GET /demo/people: the demo accounts. */
export async function peopleRoutes(app: Service, { accounts }: DemoContext): Promise<void> {
  const schema = { summary: 'Accounts to sign in with', tags };
  app.get('/people', { schema }, async (): Promise<DemoPeople> => ({ people: accounts }));
}
