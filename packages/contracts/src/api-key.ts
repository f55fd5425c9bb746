import { z } from 'zod';

export const scopes = [
  'jobs:read',
  'jobs:write',
  'scores:read',
  'runs:write',
  'metrics:read',
  'admin',
] as const;

/** What a key may do. No scope includes another, but for `admin`, which is all of them. */
export const Scope = z.enum(scopes).meta({ id: 'Scope' });
export type Scope = z.infer<typeof Scope>;

/** An API key without its secret, which nobody has but its owner. */
export interface ApiKey {
  /** The first part of the key, `ls_` and eight characters: its name in lists and logs. */
  readonly prefix: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly created_at: string;
  /** To the minute; null before the first use. */
  readonly last_used_at: string | null;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

export const grants = (held: readonly Scope[], needed: Scope): boolean =>
  held.includes(needed) || held.includes('admin');
