import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';

/** A credential id has at most 1023 bytes (WebAuthn Level 3, 7.1). */
const CREDENTIAL_ID = 1364;

interface Member {
  readonly maxLength: number;
  readonly required: boolean;
  readonly description: string;
}

type Members = Readonly<Record<string, Member>>;

const member = (maxLength: number, description: string, required = true): Member => ({
  maxLength,
  required,
  description,
});

const OUTER: Members = {
  id: member(CREDENTIAL_ID, 'id of the credential'),
  rawId: member(CREDENTIAL_ID, 'the same'),
};
const CLIENT_DATA = member(4096, 'what the browser says of the call');

const REGISTRATION: Members = {
  clientDataJSON: CLIENT_DATA,
  attestationObject: member(8192, 'the new credential'),
};
const ASSERTION: Members = {
  clientDataJSON: CLIENT_DATA,
  authenticatorData: member(2048, 'what the authenticator says'),
  signature: member(4096, 'its signature over both'),
  userHandle: member(88, 'whom the credential was made for', false),
};

const MOST_TRANSPORTS = 16;
const LONGEST_TRANSPORT = 32;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

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

/** Property: a new credential. Members that browsers add are let through, and not read. */
export const NewCredential = (): PropertyDecorator =>
  credential(
    'NewPasskeyCredential',
    'the new credential: `toJSON()` of what `navigator.credentials.create()` returns',
    {
      required: true,
      isValid: isRegistrationJson,
      response: {
        properties: { ...described(REGISTRATION), transports: TRANSPORTS },
        required: requiredOf(REGISTRATION),
      },
    },
  );

/** Property: the proof of a passkey. Members that browsers add are let through, and not read. */
export const PasskeyAssertion = (required = true): PropertyDecorator =>
  credential('PasskeyAssertion', 'the proof of a passkey: `toJSON()` of what `navigator.credentials.get()` returns', {
    required,
    isValid: isAssertionJson,
    response: { properties: described(ASSERTION), required: requiredOf(ASSERTION) },
  });

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

const TRANSPORTS = {
  type: 'array',
  maxItems: MOST_TRANSPORTS,
  items: { type: 'string', maxLength: LONGEST_TRANSPORT, pattern: '^[a-z-]+$' },
  description: 'how the authenticator can be reached',
  example: ['internal', 'hybrid'],
};

function described(members: Members): Record<string, object> {
  return Object.fromEntries(
    Object.entries(members).map(([name, { maxLength, required, description }]) => [
      name,
      {
        type: required ? 'string' : ['string', 'null'],
        minLength: 1,
        maxLength,
        pattern: BASE64URL.source,
        description: `${description}, base64url without padding`,
        example: 'bm90LWEtcmVhbC1jcmVkZW50aWFs',
      },
    ]),
  );
}

function requiredOf(members: Members): string[] {
  return Object.keys(members).filter((name) => members[name]?.required);
}

function credential(
  title: string,
  description: string,
  of: { required: boolean; isValid: (value: unknown) => boolean; response: object },
): PropertyDecorator {
  const schema = {
    title,
    description,
    type: 'object',
    selfRequired: of.required,
    required: [...Object.keys(OUTER), 'type', 'response'],
    properties: {
      ...described(OUTER),
      type: { type: 'string', enum: ['public-key'] },
      response: { type: 'object', additionalProperties: true, ...of.response },
    },
    additionalProperties: true,
  };
  return applyDecorators(
    ApiProperty(schema as unknown as ApiPropertyOptions),
    ValidateBy(
      {
        name: 'isPasskeyCredential',
        validator: { validate: (value) => (value === undefined ? !of.required : of.isValid(value)) },
      },
      { message: 'must be the JSON of a WebAuthn credential, as PublicKeyCredential.toJSON() returns it' },
    ),
  );
}
