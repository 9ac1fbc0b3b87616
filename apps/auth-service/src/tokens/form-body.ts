import type { FastifyInstance } from 'fastify';
import { TokenError } from './token-error.ts';

/**
 * Reads application/x-www-form-urlencoded, the form in which OAuth's endpoints are asked. A parameter that stands
 * twice is refused (RFC 6749 §3.2), and one without a value counts as left out. JSON is refused, in OAuth's words.
 */
export function acceptForms(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, _body, done) => {
    done(new TokenError('invalid_request', 'The body is application/x-www-form-urlencoded.'));
  });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      const form: Record<string, string> = Object.create(null);
      for (const [name, value] of new URLSearchParams(body as string)) {
        if (name in form)
          return done(new TokenError('invalid_request', 'A parameter stands more than once.'));
        if (value !== '') form[name] = value;
      }
      done(null, form);
    },
  );
}
