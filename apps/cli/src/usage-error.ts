/** A command line that cannot be carried out as written. The process exits with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
