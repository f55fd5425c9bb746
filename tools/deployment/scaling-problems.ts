import type {
  IScaledJob,
  IScaledObject,
  IScaleTriggers,
  ITriggerAuthentication,
} from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { SENSITIVITY_QUEUE } from '@layersense/queue';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { ISecret } from 'kubernetes-models/v1';
import { type Manifest, typed } from './manifests.js';

/** Statuses of a job that a worker is still needed for. */
const UNFINISHED = ['queued', 'running', 'canceling'];

type Check = readonly [holds: boolean, problem: string];

/** Scaling of what is not there, by what nobody counts. */
export function scalingProblems(manifests: readonly Manifest[], secret: ISecret): string[] {
  const objects = typed<IScaledObject>(manifests, 'ScaledObject').map((object) => ({
    object,
    checks: checksOfObject(object, typed<IDeployment>(manifests, 'Deployment')),
  }));
  const jobs = typed<IScaledJob>(manifests, 'ScaledJob').map((object) => ({
    object,
    checks: checksOfJob(object),
  }));
  return [...objects, ...jobs].flatMap(({ object: { kind, metadata, spec }, checks }) =>
    [...checks, ...checksOfTriggers(spec?.triggers ?? [], manifests, secret)]
      .filter(([holds]) => !holds)
      .map(([, problem]) => `${kind} ${metadata.name} ${problem}`),
  );
}

function checksOfObject({ spec }: IScaledObject, deployments: (IDeployment & Manifest)[]): Check[] {
  const target = deployments.find((each) => each.metadata.name === spec?.scaleTargetRef.name);
  const triggers = spec?.triggers.map(({ name }) => name) ?? [];
  const formula = spec?.advanced?.scalingModifiers?.formula;
  const counted = formula?.match(/[a-z]\w*/g) ?? triggers;
  return [
    [target !== undefined, 'scales no Deployment of ours'],
    [target?.spec?.replicas === undefined, 'fights with spec.replicas'],
    [sameSet(counted, triggers), `counts ${counted.join(', ')}, not its triggers`],
  ];
}

function checksOfJob({ spec }: IScaledJob): Check[] {
  const { template, backoffLimit } = spec?.jobTargetRef ?? {};
  const args = template?.spec?.containers.flatMap((container) => container.args ?? []) ?? [];
  const { strategy, multipleScalersCalculation: calculation } = spec?.scalingStrategy ?? {};
  return [
    [args.includes('--once'), 'never ends: its worker is not told to take one job'],
    [template?.spec?.restartPolicy === 'Never' && backoffLimit === 0, 'starts beside the queue'],
    // The other strategies expect entries being computed not to count.
    [strategy === 'default' && calculation === 'sum', 'does not count all that is unfinished'],
  ];
}

function checksOfTriggers(
  triggers: readonly IScaleTriggers[],
  manifests: readonly Manifest[],
  secret: ISecret,
): Check[] {
  const authentications = typed<ITriggerAuthentication>(manifests, 'TriggerAuthentication');
  const keys = Object.keys(secret.stringData ?? {});
  return [
    ...triggers.flatMap(({ type, metadata: what, authenticationRef }): Check[] => {
      const authentication = authentications.find(
        (each) => each.metadata.name === authenticationRef?.name,
      );
      const needed = authentication?.spec?.secretTargetRef?.map(({ key }) => key) ?? [''];
      return [
        [needed.every((key) => keys.includes(key)), `has no way to ${type}: ${needed.join(', ')}`],
        [isOfTheQueue(type, what), `looks at ${JSON.stringify(what)}`],
      ];
    }),
    // With active jobs not counted, an empty queue takes workers away while they compute.
    [
      triggers.some(
        ({ metadata: { listName, query } }) =>
          listName?.endsWith(':active') || query?.includes("'running'"),
      ),
      'does not count what is being computed',
    ],
  ];
}

function isOfTheQueue(type: string, metadata: Readonly<Record<string, string>>): boolean {
  if (type === 'redis') {
    const states = ['wait', 'prioritized', 'delayed', 'active'];
    return states.some((state) => metadata.listName === `bull:${SENSITIVITY_QUEUE}:${state}`);
  }
  const statuses = [...(metadata.query ?? '').matchAll(/'(\w+)'/g)].map(([, status]) => status);
  return type === 'postgresql' && sameSet(statuses, UNFINISHED);
}

const sameSet = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  new Set(a).size === new Set(b).size && a.every((each) => b.includes(each));
