/** A credential id has at most 1023 bytes (WebAuthn Level 3, 7.1). */
const CREDENTIAL_ID = 1364;

/** A member of the JSON, in base64url. */
interface Member {
  readonly maxLength: number;
  readonly required: boolean;
  readonly description: string;
}

export type Members = Readonly<Record<string, Member>>;

const member = (maxLength: number, description: string, required = true): Member => ({
  maxLength,
  required,
  description,
});

export const OUTER: Members = {
  id: member(CREDENTIAL_ID, 'id of the credential'),
  rawId: member(CREDENTIAL_ID, 'the same'),
};
const CLIENT_DATA = member(4096, 'what the browser says of the call');

export const REGISTRATION: Members = {
  clientDataJSON: CLIENT_DATA,
  attestationObject: member(8192, 'the new credential'),
};
export const ASSERTION: Members = {
  clientDataJSON: CLIENT_DATA,
  authenticatorData: member(2048, 'what the authenticator says'),
  signature: member(4096, 'its signature over both'),
  userHandle: member(88, 'whom the credential was made for', false),
};

export const MOST_TRANSPORTS = 16;
export const LONGEST_TRANSPORT = 32;
export const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** What `PublicKeyCredential.toJSON()` returns, as far as it is read here. Base64url is without padding (RFC 4648, 5). */
export interface CredentialJson<Response> {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly response: Response;
}

/** A new credential (WebAuthn Level 3, `RegistrationResponseJSON`). */
export type RegistrationJson = CredentialJson<{
  readonly clientDataJSON: string;
  readonly attestationObject: string;
  readonly transports?: string[];
}>;

/** A proof that somebody has a credential (WebAuthn Level 3, `AuthenticationResponseJSON`). */
export type AssertionJson = CredentialJson<{
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  readonly signature: string;
  readonly userHandle?: string | null;
}>;

/** Whether this is an assertion in form; what it says is not checked. */
export function isAssertionJson(value: unknown): value is AssertionJson {
  return isCredential(value, ASSERTION);
}

/** Whether this is a new credential in form; what it says is not checked. */
export function isRegistrationJson(value: unknown): value is RegistrationJson {
  if (!isCredential(value, REGISTRATION)) return false;
  const { transports } = (value as RegistrationJson).response as { transports?: unknown };
  if (transports === undefined) return true;
  if (!Array.isArray(transports) || transports.length > MOST_TRANSPORTS) return false;
  return transports.every((one) => typeof one === 'string' && /^[a-z-]{1,32}$/.test(one));
}

function isCredential(value: unknown, response: Members): boolean {
  if (!isObject(value) || value['type'] !== 'public-key' || !hasMembers(value, OUTER)) return false;
  return isObject(value['response']) && hasMembers(value['response'], response);
}

function hasMembers(value: Record<string, unknown>, members: Members): boolean {
  return Object.entries(members).every(([name, { maxLength, required }]) => {
    const given = value[name];
    if (given === undefined || given === null) return !required;
    return typeof given === 'string' && given.length <= maxLength && BASE64URL.test(given);
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
