import { type TString, Type } from 'typebox';
import { faultOfStoreUrl } from './setting-url.ts';

/** What these names may be set to. pg takes any text, and some wrong ones leave the connection without TLS. */
const choices = new Map([
  ['sslmode', ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']],
  // `false` is a text like any other to pg, and turns TLS on.
  ['ssl', ['true', '1', '0', 'no-verify']],
  ['sslnegotiation', ['postgres', 'direct']],
  ['uselibpqcompat', ['true', 'false']],
  // pg does not read these. So they may only ask for what is so anyway.
  ['gssencmode', ['disable', 'prefer']],
  ['schema', ['public']],
]);

/** Names that pg reads, those of libpq that change nothing here, and those in URLs that providers write for other clients. */
const free = new Set(
  (
    'user password host port options application_name fallback_application_name client_encoding ' +
    'sslcert sslkey sslrootcert statement_timeout lock_timeout idle_in_transaction_session_timeout query_timeout ' +
    'channel_binding connect_timeout target_session_attrs keepalives keepalives_idle keepalives_interval ' +
    'keepalives_count tcp_user_timeout sslcompression sslsni ' +
    'pgbouncer connection_limit pool_timeout socket_timeout supa workaround'
  ).split(' '),
);

/** Schema for the URL of a Postgres database, in a form that pg can read. */
export function postgresUrl(): TString {
  return Type.String({
    description: 'a postgres:// URL',
    fault: (text: string) => {
      // pg reads these as a socket: spaces, a % that encodes nothing, and a URL with a user but no host.
      const strict = text.replaceAll(' ', '%20').replaceAll(/%(?![0-9a-f]{2})/gi, '%25');
      const scheme = /^postgres(ql)?:\/\//;
      return (
        faultOfStoreUrl(text, { scheme, read: strict.replace('@/', '@localhost/') }) ?? faultOfQuery(text)
      );
    },
  });
}

/**
 * The URL as pg can read it. libpq's `sslrootcert=system` means the authorities that the machine trusts, and
 * `sslmode=verify-full`; pg would read a file of that name. Here they are those that Node.js trusts.
 *
 * @example urlForPg('postgres://db.example/cart?sslrootcert=system'); // …?sslmode=verify-full
 */
export function urlForPg(url: string): string {
  return url.replace(/(?<=[?&])sslrootcert=system(?=&|$)/, 'sslmode=verify-full');
}

/** pg ignores names that it does not know. Compares the text as it stands: these names and choices need no encoding. */
function faultOfQuery(text: string): string | undefined {
  const query = text.split('?').slice(1).join('?');
  const names = new Map<string, string>();
  for (const part of query.split('&').filter((some) => some !== '')) {
    const [name = '', ...value] = part.split('=');
    const choice = choices.get(name);
    if (choice === undefined && !free.has(name))
      return 'its query has a name that is not known: for TLS write sslmode=verify-full, in lower case';
    if (choice?.includes(value.join('=')) === false)
      return `the ${name} in its query is none of ${choice.join(', ')}`;
    if (names.has(name)) return `its query has ${name} twice`;
    names.set(name, value.join('='));
  }
  // As libpq does: public authorities certify everybody's names.
  const isWeak = (names.get('sslmode') ?? 'verify-full') !== 'verify-full';
  return names.get('sslrootcert') === 'system' && isWeak
    ? 'sslrootcert=system in its query needs sslmode=verify-full'
    : undefined;
}
