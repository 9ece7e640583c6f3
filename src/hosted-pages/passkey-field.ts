/** The length of a form's field with the JSON of a credential. */
export const CREDENTIAL_LENGTH = 20_000;

/** What the script of passkeys put into a form; undefined for what is no JSON, which the validation refuses. */
export function credentialIn(field: string | undefined): unknown {
  try {
    return field === undefined || field === '' ? undefined : (JSON.parse(field) as unknown);
  } catch {
    return undefined;
  }
}
