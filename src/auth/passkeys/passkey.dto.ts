import { ApiProperty, ApiPropertyOptional, IntersectionType, PartialType } from '@nestjs/swagger';
import { IsString, ValidateIf } from 'class-validator';
import { Line, RequiredLine } from '../../users/api/profile.dto.js';
import type { RegistrationJson } from '../second-factors/credential-json.js';
import { NewCredential } from '../second-factors/credential-property.js';
import { SignedInResponse } from '../sessions/signed-in.response.js';
import { DeviceToken } from '../sign-in/device-token.dto.js';
import { KeepSignedIn, SessionProof } from '../sign-in/session-choice.dto.js';
import { MAX_PASSKEYS, type Passkey } from './passkeys.js';

const NAME_LENGTH = 50;
const time = { format: 'date-time' } as const;

export class NewPasskeyDto {
  @Line(NAME_LENGTH, 'Laptop') readonly name?: string | null;
  @NewCredential() readonly credential: RegistrationJson;

  // Of the session that begins where the token of a sign-in was sent, which had to set up a factor.
  @DeviceToken() readonly deviceToken?: string;
  @SessionProof() readonly session?: 'tokens' | 'cookie';
  @KeepSignedIn() readonly keepSignedIn?: boolean;
}

export class RenamePasskeyDto {
  @RequiredLine(NAME_LENGTH, 'Old laptop') readonly name: string;
}

/** A passkey as callers see it. */
export class PasskeyResponse {
  @ApiProperty({ format: 'uuid', example: '019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00' }) readonly id: string;
  @ApiProperty({ example: 'Chrome on Linux', description: 'the given name, or the browser that made it' })
  readonly name: string;
  @ApiProperty({ ...time }) readonly createdAt: string;
  @ApiProperty({ ...time, type: String, nullable: true, example: null }) readonly lastUsedAt: string | null;
  @ApiProperty({ description: 'whether it is synchronised to other devices of its owner', example: true })
  readonly backedUp: boolean;
  @ApiProperty({
    type: [String],
    description: 'how the authenticator can be reached (WebAuthn, `AuthenticatorTransport`)',
    example: ['internal', 'hybrid'],
  })
  readonly transports: string[];

  static from({ id, name, createdAt, lastUsedAt, backedUp, transports }: Passkey): PasskeyResponse {
    return {
      id,
      name,
      createdAt: createdAt.toISOString(),
      lastUsedAt: lastUsedAt?.toISOString() ?? null,
      backedUp,
      transports: [...transports],
    };
  }
}

export class AddedPasskeyResponse extends IntersectionType(PasskeyResponse, PartialType(SignedInResponse)) {
  @ApiProperty({
    type: [String],
    maxItems: 10,
    example: ['k3q7x-9w2mn', '0d4fh-tz8vc'],
    description: 'new recovery codes, if you had none; they are shown only here',
  })
  readonly recoveryCodes: string[];
}

/** All passkeys of a user, oldest first; too few to need pages. */
export class PasskeyList {
  @ApiProperty({ type: [PasskeyResponse], maxItems: MAX_PASSKEYS }) readonly items: PasskeyResponse[];
}

export class PasskeyOptionsDto {
  @ApiPropertyOptional({
    example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.b2YgYSBzaWduLWluIHRoYXQgd2FpdHMgZm9yIGEgc2Vjb25k',
    maxLength: 200,
    description: '`continueWith.token` of a first step: for the second one. Absent for a sign-in by passkey alone',
  })
  @ValidateIf((_input, given) => given !== undefined)
  @IsString({ message: 'must be the token of the first step' })
  readonly token?: string;
}

class PasskeyRelyingParty {
  @ApiProperty({ example: 'example.com', description: 'the host of `PUBLIC_URL`' }) readonly id: string;
  @ApiProperty({ example: 'Roster' }) readonly name: string;
}

class PasskeyUser {
  @ApiProperty({ example: 'b2ZmLXRvLXRoZS1sYWtl', description: 'a stable pseudonym, base64url' }) readonly id: string;
  @ApiProperty({ example: 'ada@example.com' }) readonly name: string;
  @ApiProperty({ example: 'Ada Lovelace' }) readonly displayName: string;
}

class PasskeyAlgorithm {
  @ApiProperty({ type: 'integer', example: -7, description: 'COSE algorithm' }) readonly alg: number;
  @ApiProperty({ enum: ['public-key'] }) readonly type: 'public-key';
}

class PasskeyDescriptor {
  @ApiProperty({ example: 'bm90LWEtcmVhbC1jcmVkZW50aWFs', description: 'base64url' }) readonly id: string;
  @ApiProperty({ enum: ['public-key'] }) readonly type: 'public-key';
  @ApiPropertyOptional({ type: [String], example: ['internal'] }) readonly transports?: string[];
}

class PasskeyAuthenticatorSelection {
  @ApiProperty({ example: 'required' }) readonly residentKey: string;
  @ApiProperty({ example: true }) readonly requireResidentKey: boolean;
  @ApiProperty({ example: 'required' }) readonly userVerification: string;
}

const CHALLENGE = {
  description: 'base64url; good once, for five minutes',
  example: 'Y2hhbGxlbmdlLW9mLTMyLXJhbmRvbS1ieXRlcy4uLg',
};
const TIMEOUT = { type: 'integer', description: 'milliseconds', example: 300_000 } as const;

/** For `PublicKeyCredential.parseCreationOptionsFromJSON()` and `navigator.credentials.create()`. */
export class PasskeyCreationOptions {
  @ApiProperty(CHALLENGE) readonly challenge: string;
  @ApiProperty({ type: PasskeyRelyingParty }) readonly rp: PasskeyRelyingParty;
  @ApiProperty({ type: PasskeyUser }) readonly user: PasskeyUser;
  @ApiProperty({ type: [PasskeyAlgorithm] }) readonly pubKeyCredParams: PasskeyAlgorithm[];
  @ApiProperty(TIMEOUT) readonly timeout: number;
  @ApiProperty({ example: 'none' }) readonly attestation: string;
  @ApiProperty({ type: [PasskeyDescriptor], description: 'those that the user has' })
  readonly excludeCredentials: PasskeyDescriptor[];
  @ApiProperty({ type: PasskeyAuthenticatorSelection }) readonly authenticatorSelection: PasskeyAuthenticatorSelection;
  @ApiProperty({ type: 'object', additionalProperties: true, example: { credProps: true } })
  readonly extensions: Record<string, unknown>;
  @ApiProperty({ type: [String], example: [] }) readonly hints: string[];
}

/** For `PublicKeyCredential.parseRequestOptionsFromJSON()` and `navigator.credentials.get()`. */
export class PasskeyRequestOptions {
  @ApiProperty(CHALLENGE) readonly challenge: string;
  @ApiProperty({ example: 'example.com', description: 'the host of `PUBLIC_URL`' }) readonly rpId: string;
  @ApiProperty(TIMEOUT) readonly timeout: number;
  @ApiProperty({ enum: ['required', 'preferred'] }) readonly userVerification: 'required' | 'preferred';
  @ApiPropertyOptional({
    type: [PasskeyDescriptor],
    description: 'absent for a sign-in, which says nothing of who exists',
  })
  readonly allowCredentials?: PasskeyDescriptor[];
}
