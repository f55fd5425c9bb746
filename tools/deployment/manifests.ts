import { execFileSync } from 'node:child_process';
import type { IScaledJob } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import type { IDeployment, IStatefulSet } from 'kubernetes-models/apps/v1';
import type { IJob } from 'kubernetes-models/batch/v1';
import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';
import { root } from '../repository.js';

export const overlays = ['dev', 'gpu', 'prod'] as const;

/** One document, as far as every kind has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: NonNullable<IDeployment['metadata']> & { readonly name: string };
}

export type Labels = Readonly<Record<string, string>>;

/** Whatever starts pods. */
export interface Workload {
  readonly manifest: Manifest;
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly selector: Labels | undefined;
  readonly pod: IPodSpec;
  readonly containers: readonly IContainer[];
}

/** Components need the kustomize of kubectl 1.21. Says on standard error when there is none. */
export function kubectlAvailable(): boolean {
  try {
    const text = execFileSync('kubectl', ['version', '--client', '--output=json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const version: unknown = JSON.parse(text).kustomizeVersion;
    if (typeof version === 'string' && Number(/^v(\d+)/.exec(version)?.[1]) >= 4) return true;
  } catch {
    // Said below.
  }
  process.stderr.write(
    '\nSKIPPED: every test of the Kubernetes manifests, because no kubectl of 1.21 or newer is on PATH.\n\n',
  );
  return false;
}

/** What `kubectl apply --kustomize` would send, without a cluster. */
export function buildOverlay(folder: string): Manifest[] {
  const text = execFileSync('kubectl', ['kustomize', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return parseManifests(text);
}

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const manifest: Manifest = document.toJS();
    if (!manifest.apiVersion || !manifest.kind || !manifest.metadata?.name) {
      throw new Error('a document without apiVersion, kind or name');
    }
    return manifest;
  });
}

export const ofKind = (manifests: readonly Manifest[], kind: string): Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);

/** The documents of one kind, in its own type; the models validate them before. */
export function typed<T>(manifests: readonly Manifest[], kind: string): (T & Manifest)[] {
  return ofKind(manifests, kind) as (T & Manifest)[];
}

export function workloads(manifests: readonly Manifest[]): Workload[] {
  const found = [
    ...typed<IDeployment>(manifests, 'Deployment'),
    ...typed<IStatefulSet>(manifests, 'StatefulSet'),
    ...typed<IJob>(manifests, 'Job'),
  ].map((manifest) => ({ manifest, spec: manifest.spec }));
  const scaled = typed<IScaledJob>(manifests, 'ScaledJob').map((manifest) => ({
    manifest,
    spec: manifest.spec?.jobTargetRef,
  }));
  return [...found, ...scaled].map(({ manifest, spec }) => {
    const { template, selector } = spec ?? {};
    if (!template?.spec) throw new Error(`${manifest.kind} ${manifest.metadata.name} has no pod`);
    return {
      manifest,
      name: `${manifest.kind} ${manifest.metadata.name}`,
      labels: template.metadata?.labels ?? {},
      annotations: template.metadata?.annotations ?? {},
      selector: selector?.matchLabels,
      pod: template.spec,
      containers: [...(template.spec.initContainers ?? []), ...template.spec.containers],
    };
  });
}

export const matches = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);
