import type { FastifyInstance } from 'fastify';
import { ProblemError } from '../problems/problem.ts';
import { isDecodable } from '../settings/setting-url.ts';
import { isUnicode, textOf } from '../text.ts';

/** In UTF-8 JSON, only an escape can produce a lone surrogate. */
const surrogateEscape = /\\u[dD][89a-fA-F]/;
const printableAscii = /^[\x21-\x7e]*$/;

/**
 * Refuses requests whose text is not Unicode, instead of changing it silently: bodies that are not UTF-8 or contain
 * lone surrogates, and URLs that do not decode to UTF-8.
 */
export function refuseBrokenText(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const text = textOf(body);
    if (text === undefined) return done(malformed('body', 'The body is not valid UTF-8.'));
    parse(request, text, (error, value) => {
      if (error) return done(error);
      if (surrogateEscape.test(text) && !isUnicode(value))
        return done(malformed('body', 'The body has half of a surrogate pair, which is no character.'));
      done(null, value);
    });
  });
  app.addHook('onRequest', (request, _reply, done) => {
    if (isReadable(request.raw.url ?? '')) return done();
    done(malformed('url', 'The URL is not valid.'));
  });
}

function isReadable(url: string): boolean {
  return printableAscii.test(url) && (!url.includes('%') || isDecodable(url));
}

function malformed(what: 'body' | 'url', detail: string): ProblemError {
  return new ProblemError({ status: 400, code: `malformed_${what}`, detail });
}
