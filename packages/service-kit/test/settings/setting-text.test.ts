import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../src/index.ts';

const schema = Type.Object({
  KEY: Type.String({ minLength: 8 }),
  LIMITS: Type.Optional(Type.Array(Type.Integer())),
});

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'latchkey-settings-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, contents: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, contents);
  return path;
}

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error('no ConfigError was thrown');
}

describe('a setting that NAME_FILE names', () => {
  it('is the contents of the file, without the white space around them', () => {
    expect(loadConfig(schema, { KEY_FILE: file('key', '  from-a-file \n\n') })).toEqual({
      KEY: 'from-a-file',
    });
  });

  it('is refused when it is not UTF-8: a secret would be another one, silently', () => {
    const path = file('latin1', Buffer.from('from-a-file \u00e9', 'latin1'));
    expect(faultsOf({ KEY_FILE: path })).toEqual(['KEY_FILE names a file that is not UTF-8']);
  });

  it('is coerced like any other', () => {
    const env = { KEY: 'long enough', LIMITS_FILE: file('limits', '1, 2\n') };
    expect(loadConfig(schema, env)).toMatchObject({ LIMITS: [1, 2] });
  });

  it('counts as not set when NAME_FILE is set to nothing', () => {
    expect(loadConfig(schema, { KEY: 'long enough', KEY_FILE: '' })).toEqual({ KEY: 'long enough' });
    expect(faultsOf({ KEY_FILE: '' })).toEqual(['KEY is missing']);
  });

  it('is read when NAME is set to nothing', () => {
    expect(loadConfig(schema, { KEY: '', KEY_FILE: file('other', 'from-a-file') })).toEqual({
      KEY: 'from-a-file',
    });
  });

  it('is refused together with NAME', () => {
    expect(faultsOf({ KEY: 'long enough', KEY_FILE: file('both', 'from-a-file') })).toEqual([
      'KEY and KEY_FILE are both set: keep one of them',
    ]);
  });

  it('is a fault when the file cannot be read, is a folder or is empty, among the other faults', () => {
    expect(faultsOf({ KEY_FILE: join(directory, 'absent'), LIMITS: 'many' })).toEqual([
      'KEY_FILE names a file that cannot be read (ENOENT)',
      'LIMITS is not valid',
    ]);
    expect(faultsOf({ KEY_FILE: directory })).toEqual(['KEY_FILE names a file that cannot be read (EISDIR)']);
    expect(faultsOf({ KEY_FILE: file('empty', ' \n') })).toEqual(['KEY_FILE names an empty file']);
  });

  it('never tells the path or the contents in a fault', () => {
    const path = file('secret-path', 's3cr3t');
    const [fault = ''] = faultsOf({ KEY_FILE: path });
    expect(fault).toContain('KEY is not valid');
    expect(fault).not.toContain('s3cr3t');
    expect(faultsOf({ KEY: 'long enough s3cr3t', KEY_FILE: path }).join()).not.toMatch(/s3cr3t|secret-path/);
  });
});
