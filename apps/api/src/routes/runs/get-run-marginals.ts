import { Readable } from 'node:stream';
import { type MarginalGroups, RunIdParams } from '@layersense/contracts';
import { z } from 'zod';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';

type Reader = Awaited<ReturnType<AppDependencies['database']['runs']['marginals']>>;
type Sizes = Awaited<ReturnType<Reader['sizes']>>;

const FLOAT32_BYTES = 4;

export function getRunMarginalsRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/runs/:id/marginals',
    {
      schema: {
        operationId: 'getRunMarginals',
        tags: ['runs'],
        summary:
          'Sums of squared gradients by output and by input of every matrix and group of examples, as a safetensors file',
        params: RunIdParams,
        response: {
          200: {
            description:
              'A safetensors file: <parameter>.by_output [groups, outputs] and <parameter>.by_input [groups, inputs], float32; examples and targets of every group in its __metadata__',
            content: {
              'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) },
            },
          },
          404: problemResponse('No such run, or none that was computed for quantisation'),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const reader = await database.runs.marginals(id);
      const { groups } = reader;
      const sizes = await reader.sizes();
      const header = safetensorsHeader(id, groups, sizes);
      const bytes = sizes.reduce((sum, { byOutput, byInput }) => sum + byOutput + byInput, 0);
      return reply
        .type('application/octet-stream')
        .header('content-length', header.length + bytes)
        .header('content-disposition', `attachment; filename="${id}.marginals.safetensors"`)
        .send(Readable.from(fileOf(header, reader)) as never);
    },
  );
}

async function* fileOf(header: Buffer, reader: Reader): AsyncGenerator<Uint8Array> {
  yield header;
  for await (const { byOutput, byInput } of reader.rows()) {
    yield byOutput;
    yield byInput;
  }
}

/**
 * The length of the JSON header as 64 bits, and the header, filled up so that values begin at a multiple
 * of eight bytes: https://huggingface.co/docs/safetensors.
 */
function safetensorsHeader(run: string, groups: MarginalGroups, sizes: Sizes): Buffer {
  let end = 0;
  const tensor = (bytes: number) => {
    end += bytes;
    const shape = [groups.length, bytes / FLOAT32_BYTES / groups.length];
    return { dtype: 'F32', shape, data_offsets: [end - bytes, end] };
  };
  const tensors = sizes.flatMap(({ parameter, byOutput, byInput }) => [
    [`${parameter}.by_output`, tensor(byOutput)] as const,
    [`${parameter}.by_input`, tensor(byInput)] as const,
  ]);
  // Values of the metadata are text by definition.
  const __metadata__ = {
    run,
    examples: JSON.stringify(groups.map(({ examples }) => examples)),
    targets: JSON.stringify(groups.map(({ targets }) => targets)),
  };
  const json = Buffer.from(JSON.stringify({ __metadata__, ...Object.fromEntries(tensors) }));
  const padding = Buffer.alloc((8 - (json.length % 8)) % 8, ' ');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length + padding.length));
  return Buffer.concat([length, json, padding]);
}
