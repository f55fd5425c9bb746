import { homedir } from 'node:os';

/**
 * The user's home folder. A container may run as a user id that has no account and so no home: then
 * it is the root of the file system, which is what Docker gives such a user.
 */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}
