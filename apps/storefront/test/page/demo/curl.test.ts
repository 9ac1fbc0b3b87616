import { describe, expect, it } from 'vitest';
import { curlOf } from '../../../page/demo/inspector/curl.ts';
import { pageRequest } from '../traffic/requests.ts';

const page = 'http://localhost:3000';

describe('a request as curl', () => {
  it('names the token, and does not contain it', () => {
    const request = pageRequest({
      headers: { authorization: 'Bearer $TOKEN', traceparent: '00-…', accept: '*/*' },
      token: 'the.real.token',
    });
    expect(curlOf(request, page)).toBe(
      'curl -i "http://localhost:4001/cart" \\\n  -H "authorization: Bearer $TOKEN"',
    );
  });

  it('names the proof of a bound token’s key', () => {
    const headers = { authorization: 'DPoP $TOKEN', dpop: '$PROOF' };
    expect(curlOf(pageRequest({ headers, proof: 'the.real.proof' }), page)).toBe(
      'curl -i "http://localhost:4001/cart" \\\n  -H "authorization: DPoP $TOKEN" \\\n  -H "dpop: $PROOF"',
    );
  });

  it('sends method, type and body', () => {
    const request = pageRequest({
      method: 'POST',
      url: 'http://localhost:4000/sessions',
      headers: { 'content-type': 'application/json' },
      body: '{"username":"mina","password":"$PASSWORD"}',
    });
    expect(curlOf(request, page)).toBe(
      'curl -i -X POST "http://localhost:4000/sessions" \\\n  -H "content-type: application/json" \\\n' +
        '  -d "{\\"username\\":\\"mina\\",\\"password\\":\\"$PASSWORD\\"}"',
    );
  });

  it('quotes all typed text, so that none of it becomes a command', () => {
    const body = '{"note":"$(rm) `ls` $HOME \\" $TOKENS"}';
    const command = curlOf(pageRequest({ method: 'POST', body }), page);
    expect(command).toContain('\\$(rm) \\`ls\\` \\$HOME \\\\\\" \\$TOKENS');
  });

  it('refreshes by the cookie, from the page’s origin', () => {
    const request = pageRequest({
      method: 'POST',
      url: 'http://localhost:4000/sessions/refresh',
      token: null,
    });
    expect(curlOf(request, page)).toContain(
      '-H "origin: http://localhost:3000" \\\n  --cookie "$REFRESH_COOKIE"',
    );
  });
});
