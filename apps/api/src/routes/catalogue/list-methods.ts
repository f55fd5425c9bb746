import {
  FisherParams,
  JobSpec,
  MagnitudeParams,
  type MethodInfo,
  MethodList,
  methods,
  metricsOf,
} from '@layersense/contracts';
import { definitionOf, methodVersions } from '@layersense/sensitivity';
import { z } from 'zod';
import type { App } from '../../app-context.js';
import { answerUnlessKnown, IfNoneMatchHeader, unchanged } from '../../plugins/conditional-get.js';

const paramsOf = { fisher: FisherParams, magnitude: MagnitudeParams } as const;
const smallestSpec = {
  fisher: JobSpec.parse({ method: 'fisher', model: 'any', dataset: 'any' }),
  magnitude: JobSpec.parse({ method: 'magnitude', model: 'any' }),
} as const;

const data = methods.map(
  (name): MethodInfo => ({
    object: 'method',
    name,
    version: methodVersions[name],
    definition: definitionOf(smallestSpec[name], { dequantized: 0 }),
    metrics: [...metricsOf[name]],
    needs_dataset: 'dataset' in smallestSpec[name],
    params: paramsSchema(paramsOf[name]),
  }),
);

export function listMethodsRoute(app: App): void {
  app.get(
    '/methods',
    {
      schema: {
        operationId: 'listMethods',
        tags: ['catalogue'],
        summary: 'How scores can be computed, with the JSON Schema of the parameters',
        headers: IfNoneMatchHeader,
        response: { 200: MethodList, 304: unchanged },
      },
      onSend: answerUnlessKnown,
    },
    () => ({ object: 'list' as const, data }),
  );
}

/** With the schema itself at the root: zod puts what has an id below `$defs`. */
function paramsSchema(schema: z.ZodType): Record<string, unknown> {
  const { $ref, $defs = {}, ...head } = z.toJSONSchema(schema, { io: 'input' });
  const { [$ref?.replace('#/$defs/', '') ?? '']: root, ...others } = $defs;
  return { ...head, ...root, ...(Object.keys(others).length > 0 ? { $defs: others } : {}) };
}
