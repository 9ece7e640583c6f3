import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import {
  ASSERTION,
  BASE64URL,
  isAssertionJson,
  isRegistrationJson,
  LONGEST_TRANSPORT,
  type Members,
  MOST_TRANSPORTS,
  OUTER,
  REGISTRATION,
} from './credential-json.js';

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
      response: { title: `${title}Response`, type: 'object', additionalProperties: true, ...of.response },
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
