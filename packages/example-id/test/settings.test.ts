import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readSettings } from '../src/settings.ts';

const clients = [{ client_id: 'shop', client_secret: 'hunter2-hunter2', redirect_uris: [] }];
const env = {
  PORT: '3002',
  HOST: 'localhost',
  ISSUER: 'https://id.example',
  CLIENTS: JSON.stringify(clients),
};

test('are read as they are given, and have defaults', () => {
  const given = { port: 3002, host: 'localhost', issuer: 'https://id.example', clients, logLevel: 'info' };
  expect(readSettings(env)).toEqual(given);
  const defaults = { issuer: 'http://localhost:3002', host: '127.0.0.1', clients: [] };
  expect(readSettings({})).toMatchObject(defaults);
  // As browsers write the port of http.
  expect(readSettings({ PORT: '80' })).toMatchObject({ port: 80, issuer: 'http://localhost' });
});

test('the clients may come from a file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'example-id-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'clients.json');
  writeFileSync(file, JSON.stringify(clients));
  expect(readSettings({ CLIENTS_FILE: file }).clients).toEqual(clients);
  expect(() => readSettings({ CLIENTS_FILE: `${file}-gone` })).toThrow('CLIENTS_FILE');
});

test('that are not valid are all named at once, and no value is repeated', () => {
  const refused = () => readSettings({ PORT: 'http', ISSUER: 'https://id.example/', CLIENTS: '{"secret' });
  expect(refused).toThrow(/- PORT is not valid.*- ISSUER is not valid.*- CLIENTS, .* is not valid/s);
  expect(refused).not.toThrow('secret');
});

test('with NODE_ENV=production it does not start, and says why', () => {
  const main = join(import.meta.dirname, '..', 'src', 'main.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main], {
    env: { ...env, PORT: '0', NODE_ENV: 'production' },
    encoding: 'utf8',
  });
  expect([status, stdout, stderr]).toEqual([
    1,
    '',
    'Error: Example ID does not start with NODE_ENV=production: its passwords are public.\n',
  ]);
});
