import {
  type GroupMarginals,
  LayersenseError,
  type MarginalGroups,
  type RunMarginals,
} from '@layersense/contracts';
import type { PrismaClient, Run as RunRow } from '../generated/prisma/client.js';
import { showId } from '../ids.js';
import type { Transaction } from '../prisma-client.js';

/** The marginals of one matrix as they are stored: float32, little-endian. */
export interface StoredMarginals {
  readonly parameter: string;
  /** [groups, outputs] */
  readonly byOutput: Uint8Array;
  /** [groups, inputs] */
  readonly byInput: Uint8Array;
}

/** Bytes of one matrix's marginals, as {@link StoredMarginals} has them. */
export interface MarginalSizes {
  readonly parameter: string;
  readonly byOutput: number;
  readonly byInput: number;
}

/** Stores the marginals of a run whose scores are stored, in the order given. */
export async function insertMarginals(
  tx: Transaction,
  { id, model_id }: RunRow,
  { matrices }: RunMarginals,
): Promise<void> {
  for (const [parameter, { byOutput, byInput }] of matrices) {
    for (const sums of [byOutput, byInput]) assertStorable(parameter, sums);
    const stored = await tx.$executeRaw`
      INSERT INTO run_marginals (run_id, layer_id, by_output, by_input)
      SELECT ${id}::uuid, id, ${toBytes(byOutput)}, ${toBytes(byInput)}
      FROM layer WHERE model_id = ${model_id} AND parameter = ${parameter}`;
    if (stored !== 1) throw new TypeError(`${parameter} has marginals and no score`);
  }
}

/** Everything about the marginals of a run, which was computed for quantisation. */
export class RunMarginalsReader {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly run: Pick<RunRow, 'id' | 'marginals' | 'method'>,
  ) {}

  /** @throws LayersenseError `not_found` for a run without marginals */
  get groups(): MarginalGroups {
    const { id, marginals } = this.run;
    if (marginals !== null) return marginals as MarginalGroups;
    throw new LayersenseError(
      'not_found',
      `Run '${showId('run', id)}' has no marginals. Score the model with the method fisher and purpose: "quantisation", which keeps them.`,
      { id: showId('run', id) },
    );
  }

  /** By parameter, in the order of the model. */
  async sizes(): Promise<readonly MarginalSizes[]> {
    const rows = await this.prisma.$queryRaw<
      { parameter: string; by_output: number; by_input: number }[]
    >`
      SELECT parameter, octet_length(by_output) AS by_output, octet_length(by_input) AS by_input
      FROM run_marginals JOIN layer ON layer.id = layer_id
      WHERE run_id = ${this.run.id}::uuid ORDER BY layer_id`;
    return rows.map(({ parameter, by_output, by_input }) => ({
      parameter,
      byOutput: by_output,
      byInput: by_input,
    }));
  }

  /** One after the other, so that those of a large model need not be in memory together. */
  async *rows(): AsyncGenerator<StoredMarginals> {
    const keys = await this.prisma.runMarginals.findMany({
      where: { run_id: this.run.id },
      select: { layer_id: true },
      orderBy: { layer_id: 'asc' },
    });
    for (const { layer_id } of keys) {
      const row = await this.prisma.runMarginals.findUnique({
        where: { run_id_layer_id: { run_id: this.run.id, layer_id } },
        include: { layer: true },
      });
      if (row === null) continue;
      yield { parameter: row.layer.parameter, byOutput: row.by_output, byInput: row.by_input };
    }
  }

  /** Those of one matrix or part; undefined of what has none. */
  async of(parameter: string): Promise<GroupMarginals | undefined> {
    const row = await this.prisma.runMarginals.findFirst({
      where: { run_id: this.run.id, layer: { parameter } },
    });
    return row ? { byOutput: toValues(row.by_output), byInput: toValues(row.by_input) } : undefined;
  }

  async all(): Promise<RunMarginals> {
    const matrices: [string, { byOutput: Float64Array; byInput: Float64Array }][] = [];
    const { groups } = this;
    for await (const { parameter, byOutput, byInput } of this.rows()) {
      matrices.push([parameter, { byOutput: toValues(byOutput), byInput: toValues(byInput) }]);
    }
    return { groups, matrices: new Map(matrices) };
  }
}

function assertStorable(parameter: string, sums: Float64Array): void {
  const value = sums.find((each) => !Number.isFinite(Math.fround(each)));
  if (value === undefined) return;
  throw new LayersenseError(
    'non_finite_gradient',
    `The squared gradients of ${parameter} add up to ${value}, which is beyond float32. Look at the checkpoint's weights.`,
    { layer: parameter, value: String(value) },
  );
}

function toBytes(values: Float64Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i] ?? Number.NaN, true);
  return bytes;
}

function toValues(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: bytes.byteLength / 4 }, (_, i) =>
    view.getFloat32(i * 4, true),
  );
}
