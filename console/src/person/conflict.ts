import type { FieldChange, ProfileDto, User } from '../api/schema.js';

/** A field that somebody else has changed since one looked, or that both have changed. */
export interface Conflict {
  readonly field: string;
  /** What one saw. */
  readonly seen: unknown;
  /** What it is now. */
  readonly theirs: unknown;
  /** What one wanted it to be; undefined for a field that one has not touched. */
  readonly mine?: unknown;
}

type ProfileField = keyof ProfileDto;

/** The fields of a form that differ from what was read, as the API takes them: empty ones are cleared. */
export function changedFields(seen: User, entered: Readonly<Record<ProfileField, string>>): ProfileDto {
  const fields = Object.keys(entered) as ProfileField[];
  const changed = fields.flatMap((field) => {
    const value = entered[field] === '' ? null : entered[field];
    return value === seen[field] ? [] : [[field, value] as const];
  });
  return Object.fromEntries(changed);
}

/** What stands between the state that one saw and the one that is there now, with one's own wishes beside it. */
export function conflictsOf(theirs: readonly FieldChange[], mine: Readonly<Record<string, unknown>> = {}): Conflict[] {
  return theirs.map(({ field, from, to }) => ({
    field,
    seen: from,
    theirs: to,
    ...(field in mine && { mine: mine[field] }),
  }));
}
