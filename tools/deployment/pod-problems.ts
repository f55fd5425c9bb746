import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { IConfigMap, ISecret, IService } from 'kubernetes-models/v1';
import { readDockerfile, stageNamed, textsOf } from './dockerfile.js';
import { commandOf, type Environment, environmentProblems } from './environment-schemas.js';
import { type Manifest, matches, ofKind, typed, type Workload, workloads } from './manifests.js';
import { imageName, servedRoutes } from './served-routes.js';

const isOurs = (image: string | undefined) => imageName(image ?? '').startsWith('layersense-');
type Container = Workload['containers'][number];

/** Selectors that select nothing, and ports that nothing opens. */
export function selectorProblems(manifests: readonly Manifest[]): string[] {
  const all = workloads(manifests);
  const own = all
    .filter(({ selector, labels }) => selector !== undefined && !matches(selector, labels))
    .map(({ name }) => `${name} does not select its own pods`);
  const services = typed<IService>(manifests, 'Service').flatMap(({ metadata, spec }) => {
    const selected = all.filter(({ labels }) => matches(spec?.selector ?? { '': '' }, labels));
    if (selected.length !== 1)
      return [`Service ${metadata.name} selects ${selected.length} kinds of pods`];
    const open = selected.flatMap(({ containers }) =>
      containers.flatMap(({ ports = [] }) => ports),
    );
    return (spec?.ports ?? [])
      .filter(
        ({ port, targetPort = port }) =>
          !open.some(({ name, containerPort }) => [name, containerPort].includes(targetPort)),
      )
      .map(({ targetPort }) => `Service ${metadata.name}: no container opens ${targetPort}`);
  });
  const budgets = typed<IPodDisruptionBudget>(manifests, 'PodDisruptionBudget').flatMap(
    ({ metadata, spec }) => {
      const selector = spec?.selector?.matchLabels ?? { '': '' };
      const selected = all.filter(({ labels }) => matches(selector, labels));
      return selected.length === 1
        ? []
        : [`PodDisruptionBudget ${metadata.name} selects ${selected.length} kinds of pods`];
    },
  );
  return [...own, ...services, ...budgets];
}

/** Probes of routes or ports that are not there. */
export function probeProblems(manifests: readonly Manifest[]): string[] {
  return workloads(manifests).flatMap(({ name, containers }) =>
    containers.flatMap((container) => {
      const { startupProbe, livenessProbe, readinessProbe, ports = [], image = '' } = container;
      const probes = [startupProbe, livenessProbe, readinessProbe].filter(
        (probe) => probe !== undefined,
      );
      const serves = servedRoutes[imageName(image)];
      const missing = serves && ports.length > 0 && (!livenessProbe || !readinessProbe);
      const problems = probes.flatMap(({ httpGet, tcpSocket }) => {
        const port = httpGet?.port ?? tcpSocket?.port;
        const opens =
          port === undefined ||
          ports.some((each) => [each.name, each.containerPort].includes(port));
        const path = httpGet?.path;
        const answers = path === undefined || serves?.includes(path);
        return [
          ...(opens ? [] : [`${name} opens no port ${port}`]),
          ...(answers ? [] : [`${name} has no route ${path}`]),
        ];
      });
      return [...problems, ...(missing ? [`${name} is not probed`] : [])];
    }),
  );
}

/** Names that lead nowhere: ConfigMaps, Secret keys, accounts, claims. */
export function referenceProblems(manifests: readonly Manifest[], secret: ISecret): string[] {
  const has = (kind: string, name: string | undefined) =>
    ofKind(manifests, kind).some(({ metadata }) => metadata.name === name);
  return workloads(manifests).flatMap(({ name, pod, containers }) => {
    const claims = (pod.volumes ?? []).flatMap(
      (volume) => volume.persistentVolumeClaim?.claimName ?? [],
    );
    const maps = containers.flatMap(({ envFrom = [] }) =>
      envFrom.map(({ configMapRef }) => configMapRef?.name),
    );
    const keys = containers.flatMap(({ env = [] }) =>
      env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []),
    );
    const mounts = containers.flatMap(({ volumeMounts = [] }) =>
      volumeMounts.map((mount) => mount.name),
    );
    const volumes = [...(pod.volumes ?? []).map((volume) => volume.name), 'data'];
    return [
      ...claims
        .filter((claim) => !has('PersistentVolumeClaim', claim))
        .map((claim) => `${name}: no claim ${claim}`),
      ...maps.filter((map) => !has('ConfigMap', map)).map((map) => `${name}: no ConfigMap ${map}`),
      ...keys
        .filter(
          ({ name: of, key }) =>
            of !== secret.metadata?.name || !(key in (secret.stringData ?? {})),
        )
        .map(({ name: of, key }) => `${name}: the Secret has no ${of}/${key}`),
      ...mounts
        .filter((mount) => !volumes.includes(mount))
        .map((mount) => `${name}: no volume ${mount}`),
      ...(pod.serviceAccountName === undefined || has('ServiceAccount', pod.serviceAccountName)
        ? []
        : [`${name}: no ServiceAccount ${pod.serviceAccountName}`]),
    ];
  });
}

/** What a container finds in its environment; secrets as in the example. */
export function environmentOfContainer(
  manifests: readonly Manifest[],
  { envFrom = [], env = [] }: Container,
  secret: ISecret,
): Environment {
  const maps = typed<IConfigMap>(manifests, 'ConfigMap');
  const fromMaps = envFrom.map(
    ({ configMapRef }) =>
      maps.find(({ metadata }) => metadata.name === configMapRef?.name)?.data ?? {},
  );
  const own = env.map(({ name, value, valueFrom }): [string, string] => {
    const key = valueFrom?.secretKeyRef?.key;
    const given = key === undefined ? undefined : secret.stringData?.[key];
    return [name, value ?? given ?? (valueFrom?.resourceFieldRef ? '4' : '')];
  });
  return Object.assign({}, ...fromMaps, Object.fromEntries(own));
}

/** Variables that the program does not read, or values that it refuses. */
export function configurationProblems(manifests: readonly Manifest[], secret: ISecret): string[] {
  const dockerfile = readDockerfile();
  return workloads(manifests).flatMap(({ name, containers, pod }) =>
    containers
      .filter(({ image }) => imageName(image ?? '') in servedRoutes)
      .flatMap((container) => {
        const stage = stageNamed(
          dockerfile,
          imageName(container.image ?? '').replace('layersense-', ''),
        );
        const words: string[] = container.args ?? JSON.parse(textsOf(stage, 'CMD')[0] ?? '[]');
        const environment = environmentOfContainer(manifests, container, secret);
        const problems = environmentProblems(commandOf(words), environment);
        const port = environment.HEALTH_PORT ?? environment.PORT;
        const opens = container.ports?.map(({ containerPort }) => String(containerPort)) ?? [];
        const grace = pod.terminationGracePeriodSeconds ?? 30;
        return [
          ...problems.map((problem) => `${name}: ${problem}`),
          ...(port === undefined || opens.includes(port)
            ? []
            : [`${name} listens on ${port} and opens ${opens}`]),
          ...(grace > Number(environment.SHUTDOWN_SECONDS ?? 10)
            ? []
            : [`${name} is killed after ${grace} s, and wants ${environment.SHUTDOWN_SECONDS} s`]),
        ];
      }),
  );
}

/** Images that the Dockerfile does not make, or that are not named by a version. */
export function imageProblems(manifests: readonly Manifest[]): string[] {
  const stages = readDockerfile().stages.map(({ name }) => `layersense-${name}`);
  return workloads(manifests).flatMap(({ name, containers }) =>
    containers.flatMap(({ image = '' }) => {
      if (!/(:[\w.-]*\d+\.\d+[\w.-]*|@sha256:[0-9a-f]{64})$/.test(image))
        return [`${name}: ${image} has no version`];
      return isOurs(image) && !stages.includes(imageName(image))
        ? [`${name}: nothing builds ${image}`]
        : [];
    }),
  );
}
