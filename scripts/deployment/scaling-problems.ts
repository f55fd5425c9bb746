import type {
  IScaledObject,
  ITriggerAuthentication,
} from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { SENSITIVITY_QUEUE } from '@layersense/contracts';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { ISecret } from 'kubernetes-models/v1';
import { type Manifest, typed } from './manifests.js';

/** Statuses of a job that a worker is still needed for. */
const UNFINISHED = ['queued', 'running', 'canceling'];

/** Scaling of what is not there, by what nobody counts. */
export function scalingProblems(manifests: readonly Manifest[], secret: ISecret): string[] {
  const deployments = typed<IDeployment>(manifests, 'Deployment');
  const authentications = typed<ITriggerAuthentication>(manifests, 'TriggerAuthentication');
  const keys = Object.keys(secret.stringData ?? {});
  return typed<IScaledObject>(manifests, 'ScaledObject').flatMap(({ metadata, spec }) => {
    const target = deployments.find((each) => each.metadata.name === spec?.scaleTargetRef.name);
    const triggers = spec?.triggers ?? [];
    const formula = spec?.advanced?.scalingModifiers?.formula;
    const counted = formula?.match(/[a-z]\w*/g) ?? triggers.map(({ name }) => name);
    const checks: [boolean, string][] = [
      [target !== undefined, 'scales no Deployment of ours'],
      [target?.spec?.replicas === undefined, 'fights with spec.replicas'],
      [
        sameSet(
          counted,
          triggers.map(({ name }) => name),
        ),
        `counts ${counted.join(', ')}, not its triggers`,
      ],
      ...triggers.flatMap(({ type, metadata: what, authenticationRef }): [boolean, string][] => {
        const authentication = authentications.find(
          (each) => each.metadata.name === authenticationRef?.name,
        );
        const needed = authentication?.spec?.secretTargetRef?.map(({ key }) => key) ?? [''];
        return [
          [
            needed.every((key) => keys.includes(key)),
            `has no way to ${type}: ${needed.join(', ')}`,
          ],
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
    return checks
      .filter(([holds]) => !holds)
      .map(([, problem]) => `ScaledObject ${metadata.name} ${problem}`);
  });
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
