import type { ProfileDto, User } from '../api/schema.js';

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
