import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { ConfigError, currentSetting, loadConfig, serviceConfig } from '../../src/index.ts';

const schema = Type.Object({
  ...serviceConfig,
  RATIO: Type.Optional(Type.Number()),
  VERBOSE: Type.Optional(Type.Boolean()),
  LIMITS: Type.Optional(Type.Array(Type.Integer())),
});

const valid = {
  PORT: '4001',
  DATABASE_URL: 'postgres://u:hunter2@localhost/cart',
  ISSUER: 'http://localhost:4000',
  JWKS_URI: 'http://localhost:4000/.well-known/jwks.json',
};

function errorOf(env: Record<string, string | undefined>): ConfigError {
  try {
    loadConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('no ConfigError was thrown');
}

describe('loadConfig', () => {
  it('applies defaults and coerces numbers', () => {
    expect(loadConfig(schema, valid)).toEqual({
      ...valid,
      PORT: 4001,
      HOST: '127.0.0.1',
      DATABASE_POOL_SIZE: 10,
      DATABASE_TIMEOUT_MS: 2000,
      LOG_LEVEL: 'info',
      NODE_ENV: 'production',
      CORS_ORIGINS: [],
      INTERNAL_URLS: [],
      TRUSTED_PROXIES: [],
      DRAIN_MS: 250,
      SHUTDOWN_TIMEOUT_MS: 10_000,
    });
  });

  it('gives every call defaults of its own', () => {
    loadConfig(schema, valid).CORS_ORIGINS.push('http://a.test');
    expect(loadConfig(schema, valid).CORS_ORIGINS).toEqual([]);
  });

  it('coerces numbers, booleans and comma-separated lists', () => {
    const env = {
      ...valid,
      RATIO: '0.5',
      VERBOSE: 'false',
      LIMITS: '1, 2,3',
      CORS_ORIGINS: 'http://a.test,https://b.test:8443',
    };
    const config = loadConfig(schema, env);
    expect(config).toMatchObject({ RATIO: 0.5, VERBOSE: false, LIMITS: [1, 2, 3] });
    expect(config.CORS_ORIGINS).toEqual(['http://a.test', 'https://b.test:8443']);
  });

  it('ignores what the schema does not name', () => {
    expect(loadConfig(schema, { ...valid, PATH: '/bin' })).not.toHaveProperty('PATH');
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig(schema, { ...valid, HOST: '' }).HOST).toBe('127.0.0.1');
    expect(errorOf({ ...valid, PORT: '' }).message).toContain('PORT is missing');
  });

  it('names every fault in one message', () => {
    const error = errorOf({
      PORT: '70000',
      ISSUER: 'localhost',
      LOG_LEVEL: 'loud',
      CORS_ORIGINS: 'http://a.test,*',
    });
    expect(error.faults.map((fault) => fault.split(' (')[0])).toEqual([
      'PORT is not valid',
      'LOG_LEVEL is not valid',
      'DATABASE_URL is missing',
      'ISSUER is not valid',
      'JWKS_URI is missing',
      'CORS_ORIGINS is not valid',
    ]);
    for (const fault of error.faults) expect(error.message).toContain(fault);
  });

  it('never prints a value', () => {
    const secret = 's3cr3t-value';
    const names = Object.keys(schema.properties).filter((name) => name !== 'HOST');
    const error = errorOf(Object.fromEntries(names.map((name) => [name, secret])));
    expect(error.faults).toHaveLength(names.length);
    expect(error.message).not.toContain(secret);
  });

  it.each(['1.5', '1e3', '0x10', ' 80', '99999999999999999999', '-1'])('refuses %j as a port', (PORT) => {
    expect(errorOf({ ...valid, PORT }).message).toContain('PORT is not valid');
  });

  it.each(['*', 'null', 'http://a.test/', 'http://a.test/path', 'ftp://a.test', 'http://*.a.test'])(
    'refuses %j as an origin',
    (CORS_ORIGINS) => {
      expect(errorOf({ ...valid, CORS_ORIGINS }).message).toContain('CORS_ORIGINS is not valid');
    },
  );
});

describe('currentSetting', () => {
  it('reads a file again, and keeps what was there when it is empty, not valid or gone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'setting-'));
    const file = join(folder, 'database-url');
    const url = (password: string) => `postgres://u:${password}@localhost/cart`;
    writeFileSync(file, url('first'));
    const { DATABASE_URL: _, ...others } = valid;
    const config = loadConfig(schema, { ...others, DATABASE_URL_FILE: file });
    const current = () => currentSetting(config, 'DATABASE_URL');
    expect(current()).toBe(url('first'));
    writeFileSync(file, url('second'));
    expect(current()).toBe(url('second'));
    for (const broken of ['', 'http://localhost/']) {
      writeFileSync(file, broken);
      expect(current()).toBe(url('second'));
    }
    rmSync(folder, { recursive: true });
    expect(current()).toBe(url('second'));
  });

  it('is the value of the variable, where it comes from no file', () => {
    expect(currentSetting(loadConfig(schema, valid), 'DATABASE_URL')).toBe(valid.DATABASE_URL);
    expect(currentSetting({ DATABASE_URL: 'plain' }, 'DATABASE_URL')).toBe('plain');
  });
});
