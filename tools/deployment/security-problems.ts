import type { INamespace } from 'kubernetes-models/v1';
import { type Manifest, typed, workloads } from './manifests.js';

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/, profile "restricted". */
const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/**
 * Pods that a namespace which enforces the restricted profile would refuse, and, beyond it, those
 * that can write to their own file system or hold a token of the Kubernetes API.
 */
export function securityProblems(manifests: readonly Manifest[]): string[] {
  const pods = workloads(manifests).flatMap(({ name, pod, containers }) => {
    const { securityContext: whole, hostNetwork, hostPID, hostIPC, volumes = [] } = pod;
    const checks: [boolean, string][] = [
      [!(hostNetwork || hostPID || hostIPC), 'shares a namespace of the host'],
      [pod.automountServiceAccountToken === false, 'holds a token of the Kubernetes API'],
      [(whole?.runAsUser ?? 1) !== 0, 'runs as root'],
      ...volumes.map(({ name: volume, ...source }): [boolean, string] => [
        Object.keys(source).every((type) => VOLUMES.includes(type)),
        `mounts ${volume} from the host`,
      ]),
      ...containers.flatMap((container): [boolean, string][] => {
        const own = container.securityContext;
        const seccomp = own?.seccompProfile ?? whole?.seccompProfile;
        return [
          [(own?.runAsNonRoot ?? whole?.runAsNonRoot) === true, 'may run as root'],
          [(own?.runAsUser ?? 1) !== 0 && own?.privileged !== true, 'is privileged'],
          [own?.allowPrivilegeEscalation === false, 'may gain privileges'],
          [own?.readOnlyRootFilesystem === true, 'can write to its image'],
          [own?.capabilities?.drop?.includes('ALL') === true, 'keeps capabilities'],
          [
            (own?.capabilities?.add ?? []).every((each) => each === 'NET_BIND_SERVICE'),
            'adds capabilities',
          ],
          [
            seccomp?.type === 'RuntimeDefault' || seccomp?.type === 'Localhost',
            'has no seccomp profile',
          ],
          [(container.ports ?? []).every(({ hostPort }) => !hostPort), 'opens a port of the host'],
          [container.resources?.limits?.memory !== undefined, 'has no memory limit'],
        ];
      }),
    ];
    return checks.filter(([holds]) => !holds).map(([, problem]) => `${name} ${problem}`);
  });
  const namespaces = typed<INamespace>(manifests, 'Namespace');
  const open = namespaces.filter(
    ({ metadata }) => metadata.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted',
  );
  const elsewhere = manifests.filter(
    ({ kind, metadata }) =>
      kind !== 'Namespace' && !namespaces.some((each) => each.metadata.name === metadata.namespace),
  );
  return [
    ...pods,
    ...open.map(
      ({ metadata }) => `Namespace ${metadata.name} does not enforce the restricted profile`,
    ),
    ...elsewhere.map(({ kind, metadata }) => `${kind} ${metadata.name} is in no namespace of ours`),
  ];
}
