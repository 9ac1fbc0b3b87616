/** What the system knows of a service: its name, database and settings follow from the key of its entry. */
type Entry = {
  /** Where it runs. Absent: it runs elsewhere, and its entry is for auth-service alone. */
  readonly port?: number;
  /** Each scope that people can have there, with the roles that grant it. The role admin has all of them. */
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  /** Granted to services that act for a person, never to a person. */
  readonly actorScopes?: readonly string[];
  /** Granted to services in their own name; some of them to people too. */
  readonly serviceScopes?: readonly string[];
  /** By key: the services that it may call on a person's behalf. It gets the addresses of those here: CART_URL. */
  readonly calls?: Readonly<Record<string, Delegation>>;
  /** Settings that are secrets of its own: 256 random bits in base64url, made at the first start. */
  readonly secrets?: readonly string[];
};

/** What a service may do for a person at another one. Anything else is refused. */
export type Delegation = {
  /** May be passed on if the person's own token has them. Never more than the person may do. */
  readonly scopes: readonly string[];
  /** Actor scopes of the called service: given if the person's token has all the scopes that each `requires`. */
  readonly actorScopes?: Readonly<Record<string, { readonly requires: readonly string[] }>>;
};

/**
 * The services, each by one entry. Whatever starts, deploys or measures all of them reads it here, and so does
 * auth-service: what it issues to people and to services follows from it. Tokens list scopes in this order, those of
 * auth-service last.
 */
const entries = {
  auth: {
    port: 4000,
    scopes: { 'accounts:manage': [], 'clients:manage': [], 'keys:manage': [], 'revocations:read': [] },
    serviceScopes: ['revocations:read'],
    secrets: ['KEY_ENCRYPTION_KEY'],
  },
  cart: {
    port: 4001,
    scopes: {
      'cart:read': ['viewer', 'customer', 'support', 'cart-reader'],
      'cart:write': ['customer', 'support', 'cart-writer'],
    },
    actorScopes: ['cart:checkout'],
  },
  wishlist: {
    port: 4002,
    scopes: {
      'wishlist:read': ['viewer', 'customer', 'support', 'wishlist-reader'],
      'wishlist:write': ['customer', 'support', 'wishlist-writer'],
    },
    calls: { cart: { scopes: ['cart:write'] } },
  },
  payment: {
    port: 4003,
    scopes: {
      'payment:read': ['viewer', 'customer', 'support', 'payment-reader'],
      'payment:write': ['customer', 'support', 'payment-writer'],
      'payment:refund': ['support', 'payment-refunder'],
    },
    calls: {
      cart: { scopes: ['cart:read'], actorScopes: { 'cart:checkout': { requires: ['payment:write'] } } },
    },
    secrets: ['FINGERPRINT_KEY'],
  },
} as const satisfies Readonly<Record<string, Entry>>;

type Entries = typeof entries;

/** The key of a service that runs here. */
export type ServiceKey = {
  [Key in keyof Entries]: Entries[Key] extends { port: number } ? Key : never;
}[keyof Entries];

/** A scope that people can have. */
export type Scope = { [Key in keyof Entries]: keyof Entries[Key]['scopes'] }[keyof Entries];

type RolesOf<Scopes> = Scopes[keyof Scopes] extends readonly (infer Name)[] ? Name : never;

export type Role = 'admin' | { [Key in keyof Entries]: RolesOf<Entries[Key]['scopes']> }[keyof Entries];

/** What auth-service knows of a service. */
export type KnownService = Required<Omit<Entry, 'port'>> & {
  /** Also its audience and its client id. */
  readonly name: string;
};

/** A service that runs here, with all that follows from its entry. */
export type Service = KnownService & {
  readonly port: number;
  /** The setting that chooses another port on one machine. */
  readonly portVariable: string;
  /** The setting that tells others its address. */
  readonly urlVariable: string;
  /** The keys of those of its `calls` that run here. */
  readonly called: readonly ServiceKey[];
};

/** The name of the service whose key this is. */
export function nameOf(key: string): string {
  return `${key}-service`;
}

const known = Object.entries<Entry>(entries).map(([key, entry]) => ({
  actorScopes: [],
  serviceScopes: [],
  calls: {},
  secrets: [],
  ...entry,
  key,
  name: nameOf(key),
}));

/** All services that accept auth-service's tokens, itself last, as tokens list them. */
export const knownServices: readonly KnownService[] = known.toSorted(
  (one, other) => Number(one.key === 'auth') - Number(other.key === 'auth'),
);

const here = known.filter(({ port }) => port !== undefined);

/** The services that run here, by key, auth-service first. */
export const services = Object.fromEntries(
  here.map((service) => [
    service.key,
    {
      ...service,
      portVariable: `${service.key.toUpperCase()}_PORT`,
      urlVariable: `${service.key.toUpperCase()}_URL`,
      called: Object.keys(service.calls).filter((other) => here.some(({ key }) => key === other)),
    },
  ]),
) as unknown as Readonly<Record<ServiceKey, Service>>;

export const serviceKeys = Object.keys(services) as ServiceKey[];

/** The keys of the services that verify auth-service's tokens and authenticate to it: all others. */
export const verifierKeys = serviceKeys.filter((key) => key !== 'auth');

/**
 * A record with something for each service.
 *
 * @example byService((key) => stack.services[key].url); // { auth: 'http://127.0.0.1:4000', … }
 */
export function byService<Thing>(make: (key: ServiceKey) => Thing): Record<ServiceKey, Thing> {
  return Object.fromEntries(serviceKeys.map((key) => [key, make(key)])) as Record<ServiceKey, Thing>;
}

/** Identity providers for which auth-service needs only an id and a secret: GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET. */
export const shorthandProviders = ['google', 'microsoft', 'github', 'facebook', 'kakao', 'naver'] as const;

/** The names of the settings of one of these, id and secret. */
export const shorthandSettingsOf = (name: (typeof shorthandProviders)[number]): readonly string[] =>
  ['ID', 'SECRET'].map((member) => `${name.toUpperCase()}_CLIENT_${member}`);

/** The names of all these settings. Whoever starts auth-service passes on what the shell has of them. */
export const shorthandSettings = shorthandProviders.flatMap(shorthandSettingsOf);
