import { ProblemError, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import type { PhoneSignedIn, Phones, Timed } from './api.ts';
import { accountOf, type DemoContext, tags, usernameMember, withTokenSchema } from './context.ts';
import { orPassOn } from './outgoing.ts';
import { createPhoneBook } from './phone-book.ts';
import { timed } from './stopwatch.ts';

const whoSchema = Type.Object(usernameMember);

/** The routes of a person's phones. One may be signed in at a time, and another one displaces it. */
export async function phoneRoutes(app: Service, { accounts, auth, services }: DemoContext): Promise<void> {
  const book = createPhoneBook(auth);

  app.get(
    '/phones',
    { schema: { summary: 'The phones of a person', tags, querystring: whoSchema } },
    async (request): Promise<Phones> => ({ phones: await book.list(request.query.username) }),
  );

  app.post(
    '/phones',
    { schema: { summary: 'Sign one more phone in', tags, body: whoSchema } },
    async (request, reply): Promise<PhoneSignedIn> => {
      const { username } = request.body;
      const account = accountOf(accounts, username);
      await book.list(username);
      const displaced = book.signedIn(username);
      const signIn = () => book.signIn(username, account.password);
      const { result: phone, stopwatch } =
        displaced === undefined
          ? { result: await signIn(), stopwatch: [] }
          : await timed(services, displaced.tokens.access_token, signIn);
      reply.code(201);
      return { phone, phones: await book.list(username), stopwatch };
    },
  );

  app.delete(
    '/phones/:id',
    {
      schema: {
        summary: 'Have the person of this token sign a phone out',
        tags,
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        body: withTokenSchema,
      },
    },
    async (request): Promise<Timed> => {
      const phone = book.find(request.params.id);
      if (phone === undefined) throw notFound();
      const { stopwatch } = await timed(services, phone.tokens.access_token, async () => {
        const path = `/sessions/${phone.shown.session_id}`;
        orPassOn(await auth.ask({ method: 'DELETE', path, token: request.body.access_token }));
      });
      return { stopwatch };
    },
  );
}

function notFound(): ProblemError {
  const detail = 'There is no phone with this id.';
  return new ProblemError({ status: 404, code: 'phone_not_found', detail });
}
