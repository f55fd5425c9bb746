import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nonEmpty } from '@layersense/testing';
import type { ISecret } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { root } from '../repository.js';
import {
  buildOverlay,
  kubectlAvailable,
  type Manifest,
  overlays,
  parseManifests,
  workloads,
} from './manifests.js';
import { networkProblems } from './network-problems.js';
import {
  configurationProblems,
  imageProblems,
  probeProblems,
  referenceProblems,
  selectorProblems,
} from './pod-problems.js';
import { scalingProblems } from './scaling-problems.js';
import { schemaProblems, unknownFields } from './schema-problems.js';
import { scrapeProblems } from './scrape-problems.js';
import { securityProblems } from './security-problems.js';

const [secret] = parseManifests(readFileSync(`${root}k8s/secret.example.yaml`, 'utf8')) as [
  Manifest & ISecret,
];

const checks: Readonly<Record<string, (manifests: readonly Manifest[]) => string[]>> = {
  schema: schemaProblems,
  selectors: selectorProblems,
  probes: probeProblems,
  scraping: scrapeProblems,
  references: (manifests) => referenceProblems(manifests, secret),
  configuration: (manifests) => configurationProblems(manifests, secret),
  images: imageProblems,
  security: securityProblems,
  network: (manifests) => networkProblems(manifests, secret),
  scaling: (manifests) => scalingProblems(manifests, secret),
};

/** What the other checks read of a document that is not of its schema means nothing. */
function problemsOf(manifests: readonly Manifest[]): string[] {
  const invalid = schemaProblems(manifests);
  return invalid.length > 0 ? invalid : Object.values(checks).flatMap((check) => check(manifests));
}

/** An overlay as somebody would write it: base and the components named. */
function composed(components: readonly string[]): Manifest[] {
  const folder = mkdtempSync(join(root, 'k8s/overlays/.test-'));
  try {
    const list = components.map((name) => `  - ../../components/${name}\n`).join('');
    writeFileSync(
      join(folder, 'kustomization.yaml'),
      `namespace: layersense\nresources: [../../base]\ncomponents:\n${list}images:\n  - { name: layersense-api, newTag: 0.2.0 }\n  - { name: layersense-worker, newTag: 0.2.0 }\n`,
    );
    return buildOverlay(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(!kubectlAvailable())('k8s', () => {
  describe.each(nonEmpty(overlays))('overlays/%s', (overlay) => {
    const manifests = buildOverlay(`k8s/overlays/${overlay}`);

    it.each(Object.keys(checks))('%s', (name) => {
      expect(checks[name]?.(manifests)).toEqual([]);
    });

    it('has no field that Kubernetes does not know', () => {
      expect(unknownFields(manifests)).toEqual([]);
    });
  });

  it('the components that no overlay takes fit the base too', () => {
    const manifests = composed(['keda-postgres', 'hub-egress', 'postgres']);
    expect(problemsOf(manifests)).toEqual([]);
    expect(unknownFields(manifests)).toEqual([]);
  });

  it('workers that end with their job have the pods of the others, under their own names', () => {
    const manifests = composed(['hub-egress', 'scaledjob']);
    expect(problemsOf(manifests)).toEqual([]);
    expect(unknownFields(manifests)).toEqual([]);
    const workers = workloads(manifests).filter(({ name }) => name.endsWith('layersense-worker'));
    expect(workers.map(({ name }) => name)).toEqual(['ScaledJob layersense-worker']);
    expect(workers[0]?.containers[0]?.envFrom?.[0]?.configMapRef?.name).toMatch(/-[a-z0-9]{10}$/);
  });

  it('the example of the Secret is one', () => {
    expect([...schemaProblems([secret]), ...unknownFields([secret])]).toEqual([]);
  });

  it('gives every GPU worker one GPU, time to stop, and no second pod in an update', () => {
    const gpu = buildOverlay('k8s/overlays/gpu');
    const worker = gpu.find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'layersense-worker',
    );
    expect(worker).toMatchObject({
      spec: {
        strategy: { rollingUpdate: { maxSurge: 0 } },
        template: {
          spec: {
            terminationGracePeriodSeconds: 600,
            tolerations: [expect.objectContaining({ key: 'nvidia.com/gpu' })],
            containers: [
              {
                image: expect.stringContaining('layersense-worker-cuda:'),
                resources: { limits: { 'nvidia.com/gpu': 1 } },
              },
            ],
          },
        },
      },
    });
  });

  describe('what is broken is refused', () => {
    const whole = () => buildOverlay('k8s/overlays/dev');
    const withKeda = () => buildOverlay('k8s/overlays/prod');

    /** The problems of an overlay after its text was changed. */
    function broken(manifests: Manifest[], from: string | RegExp, to: string): string[] {
      const text = JSON.stringify(manifests);
      const changed = text.replace(from, to);
      expect(changed, `${from} is not there to be changed`).not.toBe(text);
      return problemsOf(JSON.parse(changed) as Manifest[]);
    }

    it.each([
      [
        'a container without an image name',
        '"image":"layersense-api:0.2.0"',
        '"image":3',
        /image must be string/,
      ],
      ['an unknown kind', '"kind":"Service"', '"kind":"Servcie"', /there is no v1 Servcie/],
      [
        'a selector',
        '"selector":{"app.kubernetes.io/name":"layersense-api"}',
        '"selector":{"app":"x"}',
        /selects 0 kinds of pods/,
      ],
      ['a port', '"targetPort":"http"', '"targetPort":"https"', /no container opens https/],
      ['a probe', '"path":"/readyz"', '"path":"/ready"', /has no route \/ready/],
      [
        'a port for Prometheus',
        '"prometheus.io/port":"9464"',
        '"prometheus.io/port":"9090"',
        /layersense-worker is scraped on 9090/,
      ],
      [
        'a route for Prometheus',
        '"prometheus.io/path":"/metrics"',
        '"prometheus.io/path":"/prometheus"',
        /is scraped at \/prometheus/,
      ],
      [
        'a Secret key',
        '"key":"QUEUE_URL"',
        '"key":"REDIS_URL"',
        /the Secret has no layersense\/REDIS_URL/,
      ],
      ['a variable', '"HEALTH_HOST"', '"HEALTH_ADDRESS"', /reads no HEALTH_ADDRESS/],
      ['a value', '"LOG_LEVEL":"debug"', '"LOG_LEVEL":"loud"', /LOG_LEVEL/],
      ['the port it listens on', '"HEALTH_PORT":"9464"', '"HEALTH_PORT":"9465"', /listens on 9465/],
      [
        'too short a grace',
        '"terminationGracePeriodSeconds":600',
        '"terminationGracePeriodSeconds":60',
        /killed after 60 s/,
      ],
      [
        'an image without a version',
        'layersense-api:0.2.0',
        'layersense-api:latest',
        /has no version/,
      ],
      [
        'an image that nothing builds',
        'layersense-api:0.2.0',
        'layersense-server:0.2.0',
        /nothing builds/,
      ],
      ['root', '"runAsNonRoot":true,', '', /may run as root/],
      [
        'a writable image',
        '"readOnlyRootFilesystem":true',
        '"readOnlyRootFilesystem":false',
        /can write to its image/,
      ],
      ['privileges', '"allowPrivilegeEscalation":false,', '', /may gain privileges/],
      [
        'a volume of the host',
        '"emptyDir":{"sizeLimit":"64Mi"}',
        '"hostPath":{"path":"/"}',
        /from the host/,
      ],
      [
        'an open namespace',
        '"pod-security.kubernetes.io/enforce":"restricted"',
        '"a":"b"',
        /does not enforce/,
      ],
      [
        'no way to Redis',
        '"port":6379,"protocol":"TCP"',
        '"port":6380,"protocol":"TCP"',
        /may not reach QUEUE_URL/,
      ],
      ['no way to the Hub', '"port":443', '"port":80', /may not reach the Hub/],
      [
        'a way to the internet that nothing needs',
        '{"app.kubernetes.io/name":"layersense-worker"}},"policyTypes":["Egress"]',
        '{"app.kubernetes.io/name":"layersense-api"}},"policyTypes":["Egress"]',
        /layersense-api may reach the internet, and needs not/,
      ],
      [
        'a way to the credentials of the cloud',
        '"169.254.0.0/16",',
        '',
        /NetworkPolicy hub opens 169\.254\.0\.0\/16 too/,
      ],
      [
        'nothing denied',
        /"policyTypes":\["Ingress","Egress"\]/,
        '"policyTypes":["Ingress"]',
        /nothing is denied/,
      ],
      [
        'an account',
        '"serviceAccountName":"layersense-api"',
        '"serviceAccountName":"admin"',
        /no ServiceAccount admin/,
      ],
    ])('%s', (_, from, to, problem) => {
      expect(broken(whole(), from, to).join('\n')).toMatch(problem);
    });

    it.each([
      [
        'a queue of another name',
        'bull:sensitivity:wait',
        'bull:scores:wait',
        /looks at .*bull:scores/,
      ],
      ['active jobs that do not count', ' + active', '', /not its triggers/],
      ['a missing account', '"name":"layersense-queue"}', '"name":"other"}', /has no way to redis/],
      [
        'another Deployment',
        '"scaleTargetRef":{"name":"layersense-worker"',
        '"scaleTargetRef":{"name":"worker"',
        /scales no Deployment/,
      ],
      [
        'no way to receivers of webhooks',
        /(?<="name":"webhooks".*?"port":)443/,
        '80',
        /layersense-api may not reach receivers of webhooks/,
      ],
      ['a claim', '"claimName":"model-cache"', '"claimName":"cache"', /no claim cache/],
    ])('%s', (_, from, to, problem) => {
      expect(broken(withKeda(), from, to).join('\n')).toMatch(problem);
    });

    it.each([
      ['a worker that goes on after its job', '"--once"', '"--debug"', /never ends/],
      ['a job that is started again', '"backoffLimit":0', '"backoffLimit":3', /beside the queue/],
      ['the longest list alone', 'Calculation":"sum"', 'Calculation":"max"', /all that is unfin/],
      ['a list of another queue', 'sensitivity:delayed', 'scores:delayed', /looks at .*scores/],
      [
        'too short a grace',
        /(?<="kind":"ScaledJob".*)"terminationGracePeriodSeconds":600/,
        '"terminationGracePeriodSeconds":60',
        /ScaledJob layersense-worker is killed after 60 s/,
      ],
    ])('%s of a ScaledJob', (_, from, to, problem) => {
      expect(broken(composed(['hub-egress', 'scaledjob']), from, to).join('\n')).toMatch(problem);
    });

    it('a collector on a port that is closed', () => {
      const collector = (port: number) =>
        broken(
          whole(),
          /"LOG_LEVEL":"debug"/g,
          `"OTEL_EXPORTER_OTLP_ENDPOINT":"http://collector.monitoring.svc:${port}"`,
        );
      expect(collector(4318)).toEqual([]);
      expect(collector(4317)).toEqual([
        'Deployment layersense-api may not reach OTEL_EXPORTER_OTLP_ENDPOINT',
        'Deployment layersense-worker may not reach OTEL_EXPORTER_OTLP_ENDPOINT',
      ]);
    });

    it('a misspelt field', () => {
      const text = JSON.stringify(whole());
      const changed = text.replace('"readinessProbe"', '"readynessProbe"');
      const problems = unknownFields(JSON.parse(changed) as Manifest[]).join('\n');
      expect(problems).toMatch(/Deployment layersense-\w+: .*'?readynessProbe'?/);
    });
  });
});
