import { type Manifest, type Workload, workloads } from './manifests.js';
import { imageName, servedRoutes } from './served-routes.js';

/** Metrics that Prometheus is not told of, or looks for where they are not. */
export function scrapeProblems(manifests: readonly Manifest[]): string[] {
  return workloads(manifests)
    .filter(({ containers }) => containers.some(({ ports = [] }) => ports.length > 0))
    .flatMap((workload) => {
      const routes = workload.containers.flatMap(
        ({ image = '' }) => servedRoutes[imageName(image)] ?? [],
      );
      return routes.includes('/metrics') ? problemsOf(workload, routes) : [];
    });
}

function problemsOf({ name, annotations, containers }: Workload, routes: string[]): string[] {
  const told = (key: string) => annotations[`prometheus.io/${key}`] ?? '';
  const open = containers.flatMap(({ ports = [] }) =>
    ports.map(({ containerPort }) => String(containerPort)),
  );
  return [
    ...(told('scrape') === 'true' ? [] : [`${name} is not scraped`]),
    ...(open.includes(told('port')) ? [] : [`${name} is scraped on ${told('port')}`]),
    ...(routes.includes(told('path')) ? [] : [`${name} is scraped at ${told('path')}`]),
  ];
}
