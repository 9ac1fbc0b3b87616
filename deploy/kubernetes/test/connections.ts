import { BlockList } from 'node:net';
import type {
  INetworkPolicy,
  INetworkPolicyPeer,
  INetworkPolicyPort,
} from 'kubernetes-models/networking.k8s.io/v1';

type Labels = Readonly<Record<string, string>>;
export type Port = {
  readonly name?: string | undefined;
  readonly number: number;
  readonly protocol?: 'TCP' | 'UDP';
};

/** A pod, or something outside. Policies apply to pods of our namespace, which have no `namespace` here. */
export type Place = {
  readonly name: string;
  readonly labels: Labels;
  readonly ports: readonly Port[];
  /** The labels of another namespace. */
  readonly namespace?: Labels;
  /** Of a place that is no pod. */
  readonly ip?: string;
};

/** Who can reach whom: `from → to:port`, by the rules of NetworkPolicy. */
export function connectionsOf(policies: readonly INetworkPolicy[], places: readonly Place[]): string[] {
  const pods = places.filter(({ ip }) => ip === undefined);
  return pods.flatMap((from) =>
    places
      .filter((place) => place !== from)
      .flatMap((to) =>
        to.ports
          .filter((port) => mayLeave(policies, { from, to, port }) && mayEnter(policies, { from, to, port }))
          .map((port) => `${from.name} → ${to.name}:${port.number}`),
      ),
  );
}

type Connection = { readonly from: Place; readonly to: Place; readonly port: Port };

function mayLeave(policies: readonly INetworkPolicy[], { from, to, port }: Connection): boolean {
  const applied = policiesOf(policies, from, 'Egress');
  const rules = applied.flatMap(({ spec }) => spec?.egress ?? []);
  return (
    applied.length === 0 || rules.some(({ to: peers, ports }) => isPeer(peers, to) && isPort(ports, port))
  );
}

function mayEnter(policies: readonly INetworkPolicy[], { from, to, port }: Connection): boolean {
  const applied = policiesOf(policies, to, 'Ingress');
  const rules = applied.flatMap(({ spec }) => spec?.ingress ?? []);
  return (
    applied.length === 0 || rules.some(({ from: peers, ports }) => isPeer(peers, from) && isPort(ports, port))
  );
}

function policiesOf(policies: readonly INetworkPolicy[], { labels, namespace, ip }: Place, type: string) {
  if (namespace !== undefined || ip !== undefined) return [];
  return policies.filter(
    ({ spec }) =>
      (spec?.policyTypes as string[] | undefined)?.includes(type) && selects(spec?.podSelector, labels),
  );
}

function isPeer(peers: readonly INetworkPolicyPeer[] | undefined, place: Place): boolean {
  if (peers === undefined || peers.length === 0) return true;
  return peers.some(({ ipBlock, namespaceSelector, podSelector }) => {
    if (ipBlock !== undefined) return place.ip !== undefined && isIn(ipBlock, place.ip);
    if (place.ip !== undefined) return false;
    const isThere =
      namespaceSelector === undefined
        ? place.namespace === undefined
        : selects(namespaceSelector, place.namespace ?? {});
    return isThere && selects(podSelector, place.labels);
  });
}

function isPort(ports: readonly INetworkPolicyPort[] | undefined, port: Port): boolean {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some(({ port: allowed, endPort, protocol = 'TCP' }) => {
    if (endPort !== undefined) throw new Error('ranges of ports are not understood here');
    return (
      protocol === (port.protocol ?? 'TCP') &&
      (allowed === undefined || [port.name, port.number].includes(allowed))
    );
  });
}

function selects(selector: INetworkPolicyPeer['podSelector'], labels: Labels): boolean {
  if (selector?.matchExpressions !== undefined) throw new Error('expressions are not understood here');
  return Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}

function isIn({ cidr, except = [] }: NonNullable<INetworkPolicyPeer['ipBlock']>, ip: string): boolean {
  const covers = (range: string) => {
    const [address = '', prefix] = range.split('/');
    const list = new BlockList();
    list.addSubnet(address, Number(prefix));
    return list.check(ip);
  };
  return covers(cidr) && !except.some(covers);
}
