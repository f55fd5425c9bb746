import { Client } from 'pg';

/**
 * Who waits holds this advisory lock, so that it can be known when nobody does any more. Any number
 * that nothing else in a database of tests uses.
 */
const WAITING = 4207;

const TRIGGER = `
  CREATE TABLE IF NOT EXISTS held_batches (after int NOT NULL, refused boolean NOT NULL DEFAULT false);
  CREATE OR REPLACE FUNCTION hold_batch() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE refused boolean;
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(${WAITING});
    LOOP
      SELECT held.refused INTO refused FROM held_batches held
        WHERE after <= (SELECT count(*) FROM job_checkpoint WHERE job_id = NEW.job_id);
      EXIT WHEN NOT FOUND;
      IF refused THEN RAISE EXCEPTION 'the batch was held and is refused'; END IF;
      PERFORM pg_sleep(0.02);
    END LOOP;
    RETURN NEW;
  END $$;
  CREATE OR REPLACE TRIGGER hold_batch BEFORE INSERT ON job_checkpoint
    FOR EACH ROW EXECUTE FUNCTION hold_batch();`;

/** Batches that wait in the database before they are stored. */
export interface HeldBatches {
  /** Stores them, and holds nothing more. */
  release(): Promise<void>;
  /** Stores none of them, and holds nothing more: the worker that sent them is no more, and nor are they. */
  refuse(): Promise<void>;
}

/**
 * Lets every job of a database store `after` batches and holds the next ones, so that whatever a test
 * does to a worker meanwhile is in the middle of its job, however fast or busy the machine is.
 */
export async function holdBatches(databaseUrl: string, after: number): Promise<HeldBatches> {
  const execute = async (...statements: string[]) => {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  };
  await execute(TRIGGER, `INSERT INTO held_batches (after) VALUES (${after})`);
  const release = 'DELETE FROM held_batches';
  return {
    release: () => execute(release),
    refuse: () =>
      execute(
        'UPDATE held_batches SET refused = true',
        `SELECT pg_advisory_lock(${WAITING})`,
        release,
      ),
  };
}
