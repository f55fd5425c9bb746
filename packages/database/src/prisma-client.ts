import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';
import { PrismaClient } from './generated/prisma/client.js';

/** What repositories run on: the client itself, or the client inside a transaction. */
export type Transaction = Omit<
  PrismaClient,
  '$connect' | '$disconnect' | '$on' | '$transaction' | '$extends'
>;

export function createPrismaClient(pool: Pool): PrismaClient {
  return new PrismaClient({
    adapter: new PrismaPg(pool),
    // A save writes tens of thousands of rows, and a small pool may be busy: the defaults of 2 s
    // to begin and 5 s to finish are for web requests.
    transactionOptions: { maxWait: 10_000, timeout: 120_000 },
  });
}
