import { type TString, Type } from 'typebox';
import { faultOfStoreUrl } from './setting-url.ts';

export type HostAndPort = { readonly host: string; readonly port: number };
export type RedisLogin = { readonly username?: string; readonly password?: string };

/** What REDIS_URL names, and how to get in. */
export type RedisAddress =
  | { readonly kind: 'server'; readonly url: string }
  | {
      readonly kind: 'cluster';
      readonly nodes: readonly HostAndPort[];
      readonly login: RedisLogin;
      readonly isEncrypted: boolean;
    }
  | {
      readonly kind: 'sentinels';
      readonly sentinels: readonly HostAndPort[];
      /** The name by which the sentinels know the master. */
      readonly master: string;
      readonly database: number;
      readonly login: RedisLogin;
      readonly sentinelLogin: RedisLogin;
      /** For the sentinels and for the master. */
      readonly isEncrypted: boolean;
    };

const description =
  'a redis:// URL, redis+cluster://host[:port][,host…] or redis+sentinel://host[:port][,host…]/master; rediss for TLS';
const several =
  /^redis(?<secure>s?)\+(?<kind>cluster|sentinel):\/\/(?:(?<login>[^@/?]*)@)?(?<hosts>[^@/?]+)(?<path>\/[^?]*)?(?:\?(?<query>.*))?$/;

/** Schema for a setting that names a Redis: one server, a Redis Cluster, or a master that sentinels know. */
export function redisUrl(): TString {
  return Type.String({
    description,
    fault: (text: string) => {
      const address = parse(text);
      return typeof address === 'string' ? address : undefined;
    },
  });
}

/**
 * Reads a URL that redisUrl accepts.
 *
 * - `redis://[user:password@]host[:port][/database]` names one server. Its query may have `family` (4 or 6) and `db`,
 *   another way to name the database.
 * - `redis+cluster://[user:password@]host[:port][,host[:port]…]` names some nodes of a cluster, from which the others are
 *   learnt.
 * - `redis+sentinel://[user:password@]host[:port][,host[:port]…]/master[/database]` names sentinels and the master that
 *   they watch. `?sentinel_username=…&sentinel_password=…` is for the sentinels.
 *
 * With `rediss` every connection uses TLS. Ports default to 6379, those of sentinels to 26379.
 *
 * @throws TypeError that says what is wrong, without the URL
 * @example
 * readRedisUrl('rediss+cluster://auth-service:secret@10.0.0.1:6379,10.0.0.2:6379').kind; // 'cluster'
 */
export function readRedisUrl(text: string): RedisAddress {
  const address = parse(text);
  if (typeof address === 'string') throw new TypeError(`The URL of Redis is not valid: ${address}.`);
  return address;
}

/** The address, or what is wrong with it. Never reveals the URL itself. */
function parse(text: string): RedisAddress | string {
  if (!/^rediss?\+/.test(text)) return faultOfServer(text) ?? { kind: 'server', url: text };
  if (/[\s#]/.test(text)) return 'there is white space or a # in it: percent-encode them';
  const found = several.exec(text)?.groups;
  if (found === undefined)
    return 'it cannot be read: is it redis+cluster:// or redis+sentinel://, and the password percent-encoded?';
  const login = loginIn(found['login'] ?? '');
  if (login === undefined)
    return 'it cannot be read as a URL: is something in the password not percent-encoded?';
  const isCluster = found['kind'] === 'cluster';
  const hosts = (found['hosts'] as string).split(',').map((host) => hostIn(host, isCluster ? 6379 : 26379));
  if (!isComplete(hosts)) return 'one of its hosts cannot be read: is its port up to 65535?';
  const common = { login, isEncrypted: found['secure'] === 's' };
  const { path = '', query } = found;
  if (!isCluster) return sentinelsIn(path, query, { ...common, sentinels: hosts });
  if (!/^\/?0?$/.test(path)) return 'a cluster has no database but 0';
  return query === undefined ? { kind: 'cluster', nodes: hosts, ...common } : 'there is a query (?) in it';
}

function sentinelsIn(
  path: string,
  query: string | undefined,
  of: Pick<RedisAddress & { kind: 'sentinels' }, 'login' | 'isEncrypted' | 'sentinels'>,
): RedisAddress | string {
  const [, master, database = '0'] = /^\/([\w.-]+)(?:\/(\d{1,4}))?$/.exec(path) ?? [];
  if (master === undefined)
    return 'its path is not /<name of the master> or /<name of the master>/<database>';
  const {
    sentinel_username: username,
    sentinel_password: password,
    ...others
  } = Object.fromEntries(new URLSearchParams(query));
  if (Object.keys(others).length > 0)
    return 'its query has something else than sentinel_username and sentinel_password';
  const sentinelLogin = { ...(username && { username }), ...(password && { password }) };
  return { kind: 'sentinels', master, database: Number(database), sentinelLogin, ...of };
}

function loginIn(text: string): RedisLogin | undefined {
  const [username = '', ...password] = text.split(':');
  try {
    return {
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password.length > 0 && { password: decodeURIComponent(password.join(':')) }),
    };
  } catch {
    return undefined;
  }
}

function hostIn(text: string, defaultPort: number): HostAndPort | undefined {
  const url = URL.parse(`redis://${text}`);
  if (url === null || !/^(\[[0-9a-f:.]+\]|[\w.-]+)$/i.test(url.hostname)) return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: url.port === '' ? defaultPort : Number(url.port) };
}

function isComplete<T>(items: readonly (T | undefined)[]): items is readonly T[] {
  return !items.includes(undefined);
}

function faultOfServer(text: string): string | undefined {
  const fault = faultOfStoreUrl(text, { scheme: /^rediss?:\/\//, read: text });
  if (fault !== undefined) return fault;
  const { pathname, searchParams } = new URL(text);
  if (!/^\/?\d*$/.test(pathname)) return 'the database in its path is no number';
  const { db, family, ...others } = Object.fromEntries(searchParams);
  if (Object.keys(others).length > 0)
    return 'its query has something else than db and family: for TLS write rediss://';
  if (db !== undefined && (pathname.length > 1 || !/^\d+$/.test(db)))
    return 'its query names another database, or none';
  return family === undefined || /^[046]$/.test(family) ? undefined : 'its family is not 4 or 6';
}
