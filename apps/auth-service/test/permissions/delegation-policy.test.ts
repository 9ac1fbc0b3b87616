import { expect, test } from 'vitest';
import { delegationPolicy } from '../../src/permissions/delegation-policy.ts';
import { personScopes, resourceServers } from '../../src/permissions/resource-servers.ts';
import { scopesOf } from '../../src/permissions/roles.ts';

const serverOf = (audience: string) => resourceServers.find((server) => server.audience === audience);
const services = Object.entries(delegationPolicy);
const delegations = services.flatMap(([actor, { toward }]) =>
  Object.entries(toward).map(([audience, delegation]) => ({ actor, audience, ...delegation })),
);

test('roles grant the scopes that resource servers list for people, and no scope of actors', () => {
  const people: readonly string[] = scopesOf(['admin']);
  expect(people).toEqual(personScopes);
  for (const { actorScopes } of resourceServers)
    for (const scope of actorScopes) expect(people).not.toContain(scope);
});

test('operators have one of the scopes that services have in their own name: to watch revocations', () => {
  const ofServices = resourceServers.flatMap(({ serviceScopes }): readonly string[] => serviceScopes);
  expect(ofServices.filter((scope) => personScopes.some((known) => known === scope))).toEqual([
    'revocations:read',
  ]);
});

test.each(delegations)('$actor toward $audience: every scope is one of that service', (delegation) => {
  const { audience, scopes, actorScopes = {} } = delegation;
  const server = serverOf(audience);
  for (const scope of scopes) expect(server?.scopes).toContain(scope);
  for (const [scope, { requires }] of Object.entries(actorScopes)) {
    expect(server?.actorScopes).toContain(scope);
    // An actor scope that requires nothing would be granted for every person.
    expect(requires.length).toBeGreaterThan(0);
    for (const required of requires) expect(personScopes).toContain(required);
  }
});

test.each(services)(
  '%s acts toward others only, and in its own name has scopes of services alone',
  (name, policy) => {
    expect(Object.keys(policy.toward)).not.toContain(name);
    const known = resourceServers.flatMap(({ serviceScopes }): readonly string[] => serviceScopes);
    for (const scope of policy.ownScopes) expect(known).toContain(scope);
  },
);
