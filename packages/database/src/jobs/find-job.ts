import type { Job as JobRow } from '../generated/prisma/client.js';
import { parseId, unknownId } from '../ids.js';
import type { Transaction } from '../prisma-client.js';

/** @throws not_found */
export async function findJob(prisma: Transaction, id: string): Promise<JobRow> {
  const row = await prisma.job.findUnique({ where: { id: parseId('job', id) } });
  if (row === null) throw unknownId('job', id);
  return row;
}

/**
 * The job's row, which nobody else changes until the transaction ends.
 *
 * @throws not_found
 */
export async function lockJob(transaction: Transaction, id: string): Promise<JobRow> {
  await transaction.$executeRaw`SELECT 1 FROM job WHERE id = ${parseId('job', id)}::uuid FOR UPDATE`;
  return await findJob(transaction, id);
}
