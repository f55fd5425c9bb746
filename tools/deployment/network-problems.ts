import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { ISecret } from 'kubernetes-models/v1';
import {
  type Labels,
  type Manifest,
  matches,
  typed,
  type Workload,
  workloads,
} from './manifests.js';
import { environmentOfContainer } from './pod-problems.js';

type Policy = NonNullable<INetworkPolicy['spec']>;
type Selector = Policy['podSelector'];

/** Where a connection goes to: a pod of the namespace, or an address outside of the cluster. */
type Peer = Labels | 'internet' | 'labelled namespace';

function selects(selector: Selector | undefined, labels: Labels): boolean {
  const expressions = selector?.matchExpressions ?? [];
  const holds = expressions.every(
    ({ key, operator, values }) =>
      operator === 'In' && values?.includes(labels[key] ?? '') === true,
  );
  return holds && matches(selector?.matchLabels ?? {}, labels);
}

/** Whether policies let `pod` connect out to, or be connected from, `peer` on a port. */
function allowed(
  policies: readonly Policy[],
  direction: 'Egress' | 'Ingress',
  pod: Workload,
  peer: Peer,
  port: number,
): boolean {
  const mine = policies.filter(
    ({ policyTypes, podSelector }) =>
      policyTypes?.includes(direction) && selects(podSelector, pod.labels),
  );
  const named = pod.containers
    .flatMap(({ ports = [] }) => ports)
    .find(({ containerPort }) => containerPort === port)?.name;
  return mine.some((policy) => {
    const rules =
      direction === 'Egress'
        ? (policy.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }))
        : (policy.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }));
    return rules.some(({ peers, ports }) => {
      const onPort =
        !ports ||
        ports.some((each) => each.port === port || (named !== undefined && each.port === named));
      const toPeer =
        !peers ||
        peers.some(({ ipBlock, namespaceSelector, podSelector }) => {
          if (peer === 'internet') return ipBlock !== undefined;
          if (peer === 'labelled namespace') return namespaceSelector !== undefined;
          return !ipBlock && !namespaceSelector && selects(podSelector, peer);
        });
      return onPort && toPeer;
    });
  });
}

/** Connections that the configuration needs and no policy lets through, and the other way round. */
export function networkProblems(manifests: readonly Manifest[], secret: ISecret): string[] {
  const policies = typed<INetworkPolicy>(manifests, 'NetworkPolicy').flatMap(
    ({ spec }) => spec ?? [],
  );
  const all = workloads(manifests);
  const denied = policies.some(
    ({ podSelector, policyTypes, ingress, egress }) =>
      Object.keys(podSelector ?? {}).length === 0 &&
      policyTypes?.length === 2 &&
      !ingress &&
      !egress,
  );
  const problems = [
    ...(denied ? [] : ['nothing is denied by default']),
    ...typed<INetworkPolicy>(manifests, 'NetworkPolicy').flatMap(privateAddresses),
  ];
  for (const pod of all) {
    const environment: Record<string, string> = Object.assign(
      {},
      ...pod.containers.map((container) => environmentOfContainer(manifests, container, secret)),
    );
    for (const variable of ['DATABASE_URL', 'QUEUE_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
      const address = environment[variable];
      if (!address) continue;
      const { hostname, port } = new URL(address);
      const server = all.find(({ manifest }) => manifest.metadata.name === hostname);
      const peer = server?.labels ?? (inCluster(hostname) ? 'labelled namespace' : 'internet');
      if (!allowed(policies, 'Egress', pod, peer, Number(port))) {
        problems.push(`${pod.name} may not reach ${variable}`);
      }
      if (server && !allowed(policies, 'Ingress', server, pod.labels, Number(port))) {
        problems.push(`${server.name} lets ${pod.name} not in`);
      }
    }
    if (!dns(policies, pod)) problems.push(`${pod.name} may not ask for names`);
    const needs = [
      ...('HF_HOME' in environment && environment.HF_HUB_OFFLINE !== '1' ? ['the Hub'] : []),
      ...('WEBHOOK_SECRET' in environment ? ['receivers of webhooks'] : []),
    ];
    const online = allowed(policies, 'Egress', pod, 'internet', 443);
    if (!online) problems.push(...needs.map((what) => `${pod.name} may not reach ${what}`));
    if (online && needs.length === 0) {
      problems.push(`${pod.name} may reach the internet, and needs not`);
    }
    for (const port of [environment.PORT, environment.HEALTH_PORT]) {
      if (port && !allowed(policies, 'Ingress', pod, 'labelled namespace', Number(port))) {
        problems.push(`${pod.name}: nobody may connect to ${port}`);
      }
    }
  }
  return problems;
}

/** `collector.monitoring.svc`: a Service of another namespace. */
const inCluster = (hostname: string): boolean => /\.svc(\.|$)/.test(hostname);

/** Networks of clusters, and the addresses where clouds hand out credentials. */
const PRIVATE: Readonly<Record<string, readonly string[]>> = {
  '0.0.0.0/0': ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
  '::/0': ['fc00::/7', 'fe80::/10'],
};

/** Ways to the internet that lead to private addresses too. */
function privateAddresses({ metadata, spec }: INetworkPolicy & Manifest): string[] {
  const blocks = (spec?.egress ?? []).flatMap(({ to = [] }) =>
    to.flatMap(({ ipBlock }) => ipBlock ?? []),
  );
  return blocks.flatMap(({ cidr, except = [] }) =>
    (PRIVATE[cidr] ?? [])
      .filter((network) => !except.includes(network))
      .map((network) => `NetworkPolicy ${metadata.name} opens ${network} too`),
  );
}

const dns = (policies: readonly Policy[], pod: Workload): boolean =>
  (['UDP', 'TCP'] as const).every((protocol) =>
    policies.some(
      ({ podSelector, egress = [] }) =>
        selects(podSelector, pod.labels) &&
        egress.some(({ ports = [] }) =>
          ports.some((each) => each.port === 53 && each.protocol === protocol),
        ),
    ),
  );
