import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevStackError } from '../errors.ts';
import { startChild } from '../processes/child.ts';
import { serverEnvironment } from '../processes/environment.ts';
import { freePort, isAnswered } from '../processes/ports.ts';
import { findOnPath } from '../redis/find.ts';

export type TestProxy = {
  url: string;
  stop(): Promise<void>;
};

/** The proxies on this machine. On Debian: apt-get install nginx-light haproxy. */
export const proxyPrograms = {
  nginx: findOnPath(['nginx'], `${process.env['PATH'] ?? ''}:/usr/sbin`),
  haproxy: findOnPath(['haproxy'], `${process.env['PATH'] ?? ''}:/usr/sbin`),
};

/**
 * Starts a real nginx on a random loopback port that passes everything to `upstream`. `http` and `location` are further
 * directives for those blocks; without them nginx has its defaults and only `proxy_pass`.
 *
 * @throws DevStackError if there is no nginx, or it does not start
 * @example const nginx = await startNginx({ upstream: url, location: 'proxy_buffering off;' });
 */
export function startNginx(options: {
  upstream: string;
  http?: string;
  location?: string;
}): Promise<TestProxy> {
  const { upstream, http = '', location = '' } = options;
  return startProxy('nginx', (port, directory) => {
    const temporary = ['proxy', 'client_body', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${directory}/${name};`)
      .join(' ');
    const config = `daemon off; master_process off; pid ${directory}/pid; error_log ${directory}/error.log;
events {}
http { access_log off; ${temporary} ${http}
  server { listen 127.0.0.1:${port}; location / { proxy_pass ${upstream}; ${location} } } }
`;
    return { config, args: (file) => ['-p', directory, '-c', file] };
  });
}

/**
 * Starts a real HAProxy in the same way. `backend` are further lines for its backend.
 *
 * @throws DevStackError if there is no haproxy, or it does not start
 */
export function startHaproxy({
  upstream,
  backend = [],
}: {
  upstream: string;
  backend?: string[];
}): Promise<TestProxy> {
  return startProxy('haproxy', (port) => {
    const config = `defaults
  mode http
  timeout connect 1s
  timeout client 50s
  timeout server 50s
frontend front
  bind 127.0.0.1:${port}
  default_backend behind
backend behind
${backend.map((line) => `  ${line}\n`).join('')}  server one ${new URL(upstream).host}
`;
    return { config, args: (file) => ['-db', '-f', file] };
  });
}

type Setup = (port: number, directory: string) => { config: string; args: (configFile: string) => string[] };

async function startProxy(name: keyof typeof proxyPrograms, setup: Setup): Promise<TestProxy> {
  const program = proxyPrograms[name];
  if (program === undefined) throw new DevStackError(`There is no ${name} on PATH.`);
  const directory = mkdtempSync(join(tmpdir(), `latchkey-${name}-`));
  const logFile = join(directory, 'output.log');
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const { config, args } = setup(port, directory);
    const configFile = join(directory, 'proxy.conf');
    writeFileSync(configFile, config);
    const child = await startChild(program, args(configFile), {
      env: serverEnvironment(),
      logFile,
      orphan: { signal: 'SIGTERM', remove: directory },
    });
    while (child.exit() === undefined && !(await isAnswered(port, '127.0.0.1'))) await sleep(5);
    if (child.exit() === undefined) {
      const stop = async () => {
        await child.stop('SIGTERM', 2000);
        rmSync(directory, { recursive: true, force: true });
      };
      return { url: `http://127.0.0.1:${port}`, stop };
    }
    const output = readFileSync(logFile, 'utf8');
    if (attempt === 3 || !/in use/i.test(output)) {
      rmSync(directory, { recursive: true, force: true });
      throw new DevStackError(`${name} did not start: ${output.trim()}`);
    }
  }
}
