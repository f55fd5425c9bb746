import { LayersenseError } from '@layersense/contracts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export type IdKind = 'job' | 'run';

/** How a row's uuid is shown: `job_<uuid>`, `run_<uuid>`. */
export function showId(kind: IdKind, uuid: string): string {
  return `${kind}_${uuid}`;
}

/** @throws not_found for text that cannot be such an id */
export function parseId(kind: IdKind, id: string): string {
  const uuid = id.slice(kind.length + 1);
  if (id.startsWith(`${kind}_`) && UUID.test(uuid)) return uuid;
  throw unknownId(kind, id);
}

export function unknownId(kind: IdKind, id: string): LayersenseError {
  return new LayersenseError('not_found', `There is no ${kind} '${id}'.`, { id });
}
