import {
  type DamageQuery,
  LayersenseError,
  type MatrixDamage,
  type Run,
  type RunDamage,
} from '@layersense/contracts';
import { Prisma, type PrismaClient, type Run as RunRow } from '../generated/prisma/client.js';
import { parseId, showId, unknownId } from '../ids.js';
import type { Transaction } from '../prisma-client.js';
import { toRun } from './run-row.js';

/** Rows that are written at once, of half a kilobyte each. */
const CHUNK = 1000;

/** Stores what a run says of every matrix and format, whose scores are stored. */
export async function insertDamage(
  tx: Transaction,
  run: Pick<RunRow, 'id' | 'model_id'>,
  { matrices }: RunDamage,
): Promise<void> {
  for (let start = 0; start < matrices.length; start += CHUNK) {
    await insertChunk(tx, run, matrices.slice(start, start + CHUNK));
  }
}

async function insertChunk(
  tx: Transaction,
  { id, model_id }: Pick<RunRow, 'id' | 'model_id'>,
  matrices: readonly MatrixDamage[],
): Promise<void> {
  const bytes = matrices.map(toBytes);
  let end = 0;
  const starts = bytes.map(({ length }) => {
    end += length;
    return end - length + 1;
  });
  const stored = await tx.$executeRaw`
    INSERT INTO run_damage
      (run_id, layer_id, format, bits_per_weight, squared_error, scalar_kl, scalar_error, products)
    SELECT ${id}::uuid, layer.id, format, bits, squared, scalar, error,
      CASE WHEN length > 0 THEN substring(${Buffer.concat(bytes)}::bytea FROM start FOR length) END
    FROM unnest(
      ${matrices.map(({ parameter }) => parameter)}::text[],
      ${matrices.map(({ format }) => format)}::text[],
      ${matrices.map(({ bitsPerWeight }) => bitsPerWeight)}::float8[],
      ${matrices.map(({ squaredError }) => squaredError)}::float8[],
      ${matrices.map(({ scalarKl }) => scalarKl)}::float8[],
      ${matrices.map(({ scalarError }) => scalarError)}::float8[],
      ${starts}::int[],
      ${bytes.map(({ length }) => length)}::int[]
    ) AS given (parameter, format, bits, squared, scalar, error, start, length)
    JOIN layer USING (parameter)
    WHERE layer.model_id = ${model_id}`;
  if (stored !== matrices.length) throw new TypeError('a matrix has a price and no score');
}

/** What a run that prices formats says of them. */
export interface StoredDamage {
  readonly run: Run;
  /** In the order of the run's formats, and within one of the model's parameters. */
  readonly matrices: readonly MatrixDamage[];
}

/**
 * The damage of the run that is named, of the newest that prices the gradients of a named Fisher run, or of the
 * newest of a model.
 *
 * @throws LayersenseError `not_found`, `invalid_request` for a format that the run does not have
 */
export async function findDamage(
  prisma: PrismaClient,
  { formats: asked, ...query }: DamageQuery,
): Promise<StoredDamage> {
  const row =
    query.run === undefined ? await newestOf(prisma, query) : await named(prisma, query.run);
  const run = toRun(row);
  const formats = asked ?? namesOf(run);
  assertFormats(run, formats);
  const rows = await prisma.runDamage.findMany({
    where: { run_id: row.id, format: { in: [...formats] } },
    include: { layer: true },
    orderBy: [{ layer_id: 'asc' }],
  });
  const matrices = formats.flatMap((format) =>
    rows.filter((each) => each.format === format).map(toDamage),
  );
  return { run, matrices };
}

async function named(prisma: PrismaClient, id: string): Promise<RunRow> {
  const row = await prisma.run.findUnique({ where: { id: parseId('run', id) } });
  if (row === null) throw unknownId('run', id);
  if (row.priced_run !== null) return row;
  const found = await newest(
    prisma,
    Prisma.sql`run.model_id = ${row.model_id} AND run.priced_run ->> 'run_id' = ${showId('run', row.id)}`,
  );
  if (found) return found;
  throw notPriced(`Run '${id}'`, showId('run', row.id));
}

async function newestOf(
  prisma: PrismaClient,
  { model, revision }: Pick<DamageQuery, 'model' | 'revision'>,
): Promise<RunRow> {
  const ofRevision =
    revision === undefined ? Prisma.sql`TRUE` : Prisma.sql`model.revision = ${revision}`;
  const found = await newest(prisma, Prisma.sql`model.name = ${model} AND ${ofRevision}`);
  if (found) return found;
  throw notPriced(`${model}${revision === undefined ? '' : ` at ${revision}`}`, 'run_…');
}

async function newest(prisma: PrismaClient, where: Prisma.Sql): Promise<RunRow | null> {
  const [found] = await prisma.$queryRaw<{ id: string }[]>`
    SELECT run.id FROM run JOIN model ON model.id = run.model_id
    WHERE ${where} AND run.priced_run IS NOT NULL
    ORDER BY run.created_at DESC, run.id DESC LIMIT 1`;
  return found ? await prisma.run.findUnique({ where: { id: found.id } }) : null;
}

function notPriced(what: string, run: string): LayersenseError {
  return new LayersenseError(
    'not_found',
    `${what} has no priced formats. Submit a job with method "price" and params {"run": "${run}", "formats": ["int4_g32"]} for a Fisher run with purpose: "quantisation".`,
  );
}

function namesOf({ params }: Run): readonly string[] {
  return (params.formats ?? []) as readonly string[];
}

function assertFormats(run: Run, asked: readonly string[]): void {
  const known = namesOf(run);
  const unknown = asked.find((format) => !known.includes(format));
  if (unknown === undefined) return;
  throw new LayersenseError(
    'invalid_request',
    `${run.id} has no prices of ${JSON.stringify(unknown)}, but of ${known.join(', ')}. Submit a price job with the formats you need.`,
    { format: unknown },
  );
}

type DamageRow = Prisma.RunDamageGetPayload<{ include: { layer: true } }>;

function toDamage(row: DamageRow): MatrixDamage {
  return {
    parameter: row.layer.parameter,
    format: row.format,
    numel: Number(row.layer.numel),
    bitsPerWeight: row.bits_per_weight,
    squaredError: row.squared_error,
    scalarKl: row.scalar_kl,
    scalarError: row.scalar_error,
    products: row.products === null ? undefined : toProducts(row.products),
  };
}

function toBytes({ products }: MatrixDamage): Uint8Array {
  const values = products ? [...products.products, ...products.sums] : [];
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setFloat64(i * 8, value, true);
  });
  return bytes;
}

/** G² + G numbers are of G groups. */
function toProducts(bytes: Uint8Array): MatrixDamage['products'] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = Float64Array.from({ length: bytes.byteLength / 8 }, (_, i) =>
    view.getFloat64(i * 8, true),
  );
  const groups = Math.floor(Math.sqrt(values.length));
  return { products: values.slice(0, groups ** 2), sums: values.slice(groups ** 2) };
}
