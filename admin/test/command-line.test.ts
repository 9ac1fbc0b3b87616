import { describe, expect, it } from 'vitest';
import { readCommandLine, usage } from '../src/command-line.ts';

describe('a command line', () => {
  it('names a command and gives its parameters', () => {
    const given = readCommandLine(['accounts', 'disable', 'mina'], {});
    expect(given).toMatchObject({
      authUrl: 'http://localhost:4000',
      username: 'admin',
      command: { usage: 'accounts disable <username>' },
      args: ['mina'],
    });
  });

  it('takes an optional parameter, or none', () => {
    expect(readCommandLine(['sessions', 'end', 'mina', '0-abc'], {})).toMatchObject({
      args: ['mina', '0-abc'],
    });
    expect(readCommandLine(['sessions', 'end', 'mina'], {})).toMatchObject({ args: ['mina'] });
  });

  it('takes the id of a key that begins with a dash', () => {
    const kid = `-${'x'.repeat(41)}-`;
    const argv = ['keys', 'revoke', kid, '--url', 'http://localhost:5000'];
    expect(readCommandLine(argv, {})).toMatchObject({ args: [kid], authUrl: 'http://localhost:5000' });
  });

  it('overrides the environment', () => {
    const env = { AUTH_URL: 'http://localhost:5000/', LATCHKEY_USERNAME: 'sam' };
    expect(readCommandLine(['keys', 'list'], env)).toMatchObject({
      authUrl: 'http://localhost:5000',
      username: 'sam',
    });
    const options = ['--url', 'http://localhost:6000', '--username', 'kim', 'keys', 'list'];
    expect(readCommandLine(options, env)).toMatchObject({
      authUrl: 'http://localhost:6000',
      username: 'kim',
    });
  });

  it('without a command, or with a request for help, gets the list of commands', () => {
    for (const argv of [[], ['--help'], ['-h', 'keys', 'list']])
      expect(readCommandLine(argv, {})).toEqual({ help: true });
    expect(usage).toContain('npm run admin -- keys revoke <kid>');
  });

  it.each([
    [['accounts', 'delete', 'mina'], 'There is no command "accounts delete mina"'],
    [['accounts', 'disable'], 'Usage: npm run admin -- accounts disable <username>'],
    [['keys', 'rotate', 'now'], 'Usage: npm run admin -- keys rotate'],
    [['keys', 'list', '--force'], "Unknown option '--force'"],
    ...['localhost:4000', 'http://', 'http://:80', 'http://a b', 'http://u:p@a', 'http://a?b', 'ftp://a'].map(
      (url): [string[], string] => [['keys', 'list', '--url', url], '--url and AUTH_URL take an http(s) URL'],
    ),
  ])('%j is not understood, with exit code 2', (argv, message) => {
    let error: unknown;
    try {
      readCommandLine(argv, {});
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringContaining(message) });
  });
});
