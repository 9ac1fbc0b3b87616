import type { Stack } from '@latchkey/dev-stack';
import pg from 'pg';

export type Books = Awaited<ReturnType<typeof openBooks>>;

/** What the card processor and cart-service have stored. Their HTTP routes do not reveal all of it. */
export async function openBooks(stack: Stack) {
  const [payment, cart] = await Promise.all(
    ['payment', 'cart'].map((name) => connect(stack.postgres.url(name))),
  );
  return {
    /** The amounts that the processor charged to one person. */
    charges: async (subject: string) => {
      const { rows } = await query(
        payment,
        `select l.amount::int as amount from sandbox_ledger l join payments p on p.id = l.reference
         where p.subject = $1 and l.outcome = 'succeeded'`,
        subject,
      );
      return rows.map(({ amount }) => amount);
    },
    /** The states of one person's claims on their cart. */
    claims: async (subject: string) => {
      const { rows } = await query(
        cart,
        'select status from checkouts where subject = $1 order by claimed_at',
        subject,
      );
      return rows.map(({ status }) => status);
    },
    close: async () => {
      await Promise.all([payment?.end(), cart?.end()]);
    },
  };
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

function query(client: pg.Client | undefined, text: string, subject: string) {
  if (client === undefined) throw new Error('there are two books');
  return client.query<Record<string, unknown>>(text, [subject]);
}
