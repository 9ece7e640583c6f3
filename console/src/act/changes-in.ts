/** What somebody has changed in a form: only that is sent, so that what somebody else has changed meanwhile stays theirs. */
export function changesIn<Input extends object>(
  input: Input,
  seen: { readonly [Field in keyof Input]?: unknown },
): Partial<Input> {
  const fields = Object.keys(input) as (keyof Input)[];
  const changed = fields.filter((field) => JSON.stringify(input[field]) !== JSON.stringify(seen[field]));
  return Object.fromEntries(changed.map((field) => [field, input[field]])) as Partial<Input>;
}
