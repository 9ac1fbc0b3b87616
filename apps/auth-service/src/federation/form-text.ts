import type { FastifyInstance, FastifyRequest } from 'fastify';

/** A provider sends a code and a state, and Apple the name of a person; or a logout token. */
const maxBytes = 16 * 1024;

/** Makes a plugin's routes accept forms only, as text: what a provider says is read later, or by a library. */
export function acceptFormText(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const options = { parseAs: 'string', bodyLimit: maxBytes } as const;
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    options,
    async (_: unknown, body: string) => body,
  );
}

/** The form that came with a request; empty without one. */
export function formText({ body }: FastifyRequest): string {
  return typeof body === 'string' ? body : '';
}
