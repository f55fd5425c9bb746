import {
  JobSpec,
  type MethodInfo,
  MethodList,
  type ScoringMethod,
  scoringMethods,
} from '@layersense/contracts';
import { z } from 'zod';
import type { App } from '../../app-context.js';
import { answerUnlessKnown, IfNoneMatchHeader, unchanged } from '../../plugins/conditional-get.js';

function describeMethod(method: ScoringMethod): MethodInfo {
  const { name, version, params, spec } = method;
  const needsDataset = 'dataset' in spec.shape;
  const smallest = JobSpec.parse({
    method: name,
    model: 'any',
    ...(needsDataset ? { dataset: 'any' } : {}),
    ...(method.example ? { params: method.example } : {}),
  });
  return {
    object: 'method',
    name,
    version,
    definition: method.definition(smallest, { dequantized: 0 }),
    metrics: [...method.metrics(smallest)],
    needs_dataset: needsDataset,
    params: paramsSchema(params),
  };
}

export function listMethodsRoute(app: App): void {
  const data = scoringMethods().map(describeMethod);
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
