import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevStackError } from '../errors.ts';
import { startChild } from '../processes/child.ts';
import { serverEnvironment } from '../processes/environment.ts';
import { freePort, isAnswered } from '../processes/ports.ts';
import { findOnPath } from '../programs/find-on-path.ts';

export type TestProxy = {
  url: string;
  stop(): Promise<void>;
};

const path = `${process.env['PATH'] ?? ''}:/usr/sbin`;
/** Where Debian keeps the modules of Apache. */
const apacheModules = '/usr/lib/apache2/modules';

/**
 * The proxies on this machine; Apache only with mod_auth_openidc. On Debian: apt-get install nginx-light haproxy
 * apache2-bin libapache2-mod-auth-openidc.
 */
export const proxyPrograms = {
  nginx: findOnPath(['nginx'], path),
  haproxy: findOnPath(['haproxy'], path),
  apache: existsSync(`${apacheModules}/mod_auth_openidc.so`) ? findOnPath(['apache2'], path) : undefined,
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

/**
 * Starts a real Apache with mod_auth_openidc in the same way. It serves one empty page at `/`. `directives` are further
 * ones, for its URL.
 *
 * @throws DevStackError if there is no Apache with this module, or it does not start
 */
export function startApache({
  directives,
}: {
  directives: (url: string) => Promise<string> | string;
}): Promise<TestProxy> {
  return startProxy('apache', async (port, directory) => {
    // Its workers run as another user when it is started by root.
    chmodSync(directory, 0o755);
    writeFileSync(join(directory, 'index.html'), '');
    const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'headers', 'auth_openidc'];
    const loaded = modules.map((name) => `LoadModule ${name}_module ${apacheModules}/mod_${name}.so`);
    const config = `${loaded.join('\n')}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
DefaultRuntimeDir ${directory}
PidFile ${directory}/pid
ErrorLog /dev/stderr
DocumentRoot ${directory}
DirectoryIndex index.html
StartServers 1
${process.getuid?.() === 0 ? 'User nobody\nGroup nogroup' : ''}
${await directives(`http://127.0.0.1:${port}`)}
`;
    return { config, args: (file) => ['-D', 'FOREGROUND', '-d', directory, '-f', file] };
  });
}

type Started = { config: string; args: (configFile: string) => string[] };
type Setup = (port: number, directory: string) => Started | Promise<Started>;

async function startProxy(name: keyof typeof proxyPrograms, setup: Setup): Promise<TestProxy> {
  const program = proxyPrograms[name];
  if (program === undefined) throw new DevStackError(`There is no ${name} on PATH.`);
  const directory = mkdtempSync(join(tmpdir(), `latchkey-${name}-`));
  const logFile = join(directory, 'output.log');
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const { config, args } = await setup(port, directory);
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
