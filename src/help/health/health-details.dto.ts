import { ApiProperty } from '@nestjs/swagger';
import { type Preset, PRESETS } from '../../config/provider-settings.js';
import { SETTING_ORIGINS, type SettingOrigin } from '../../config/setting-origins.js';

const time = { type: String, format: 'date-time', nullable: true, example: null } as const;
const text = { type: String, nullable: true } as const;

export class CheckDetails {
  @ApiProperty({ example: 'mail' }) readonly name: string;
  @ApiProperty({ enum: ['up', 'down'] }) readonly state: 'up' | 'down';
  @ApiProperty({ description: 'whether no request is served without it', example: false }) readonly vital: boolean;
  @ApiProperty({ format: 'date-time', description: 'when this server first saw it so' }) readonly since: string;
  @ApiProperty({ description: 'what the state means', example: 'The SMTP server accepts connections.' })
  readonly text: string;
  @ApiProperty({ ...text, description: 'what to do; null while it is up', example: null })
  readonly advice: string | null;
  @ApiProperty({ ...text, description: 'the error; null while it is up', example: null })
  readonly reason: string | null;
}

export class QueueDetails {
  @ApiProperty({ description: '`events`, `jobs`, `mails`, `webhooks`, or `sink:` and a name', example: 'mails' })
  readonly name: string;
  @ApiProperty({ example: 'Mails to be sent' }) readonly text: string;
  @ApiProperty({ type: 'integer', minimum: 0, description: 'counted to 10,000, but for sinks', example: 3 })
  readonly waiting: number;
  @ApiProperty({ type: 'integer', minimum: 0, description: 'given up; counted to 10,000', example: 0 })
  readonly failed: number;
  @ApiProperty({ ...time, description: 'since when the longest waiting is due' }) readonly dueSince: string | null;
}

export class Versions {
  @ApiProperty({ example: '0.2.0' }) readonly roster: string;
  @ApiProperty({ example: '24.21.0' }) readonly node: string;
  @ApiProperty({ ...text, example: '17.5' }) readonly postgres: string | null;
  @ApiProperty({ ...text, description: 'the newest migration that was applied', example: 'FindEvents1795352000000' })
  readonly schema: string | null;
  @ApiProperty({ format: 'date-time', description: 'when this server started' }) readonly startedAt: string;
}

export class Verification {
  @ApiProperty({ example: 'Every chain was intact, and every row matched the log.' }) readonly text: string;
  @ApiProperty({ ...time, description: 'null if the log was never verified' }) readonly finishedAt: string | null;
  @ApiProperty({ type: 'integer', minimum: 0, example: 1000 }) readonly users: number;
  @ApiProperty({ type: 'integer', minimum: 0, example: 5000 }) readonly events: number;
  @ApiProperty({ type: 'integer', minimum: 0, example: 0 }) readonly faults: number;
  @ApiProperty({ minimum: 0, example: 0.4 }) readonly seconds: number;
  @ApiProperty({ description: 'whether the log was compared with a checkpoint, too', example: false })
  readonly withCheckpoint: boolean;
}

export class ProviderDetails {
  @ApiProperty({ description: 'as in `PROVIDERS`', example: 'google' }) readonly id: string;
  @ApiProperty({ description: 'what buttons and mails call it', example: 'Google' }) readonly name: string;
  @ApiProperty({
    type: String,
    enum: PRESETS,
    nullable: true,
    description: 'whose quirks are known; null for an OpenID provider of your own',
    example: 'google',
  })
  readonly preset: Preset | null;
  @ApiProperty({ description: 'of GitHub, its web site', example: 'https://accounts.google.com' })
  readonly issuer: string;
  @ApiProperty({
    description: 'whether an address that it has verified is proof enough to link the account with that address',
    example: false,
  })
  readonly isTrusted: boolean;
  @ApiProperty({
    format: 'uri',
    description: 'the redirect URI to register at the provider',
    example: 'https://roster.example.com/auth/providers/google/callback',
  })
  readonly callbackUrl: string;
  @ApiProperty({
    type: 'integer',
    minimum: 0,
    nullable: true,
    description: 'accounts that are linked, counted to 100,000; null while the database is away',
    example: 1204,
  })
  readonly identities: number | null;
  @ApiProperty({ ...time, description: 'when one of them last came from there' }) readonly lastUsedAt: string | null;
}

export class SettingDetails {
  @ApiProperty({ example: 'PASSWORD_MIN_LENGTH' }) readonly name: string;
  @ApiProperty({
    ...text,
    description: 'as written; null where it is not set. Of a secret at most the server that a URL names',
    example: '12',
  })
  readonly value: string | null;
  @ApiProperty({
    enum: SETTING_ORIGINS,
    enumName: 'SettingOrigin',
    description: '`file`: by `<NAME>_FILE`; `development`: made by the server itself',
    example: 'default',
  })
  readonly origin: SettingOrigin;
  @ApiProperty({ example: false }) readonly isSecret: boolean;
  @ApiProperty({ example: 'minimum password length' }) readonly description: string;
}

export class HealthDetails {
  @ApiProperty({ enum: ['up', 'degraded', 'down'] }) readonly status: 'up' | 'degraded' | 'down';
  @ApiProperty({ type: [CheckDetails] }) readonly checks: CheckDetails[];
  @ApiProperty({ type: [QueueDetails] }) readonly queues: QueueDetails[];
  @ApiProperty({ type: Versions }) readonly versions: Versions;
  @ApiProperty({ type: Verification, description: 'the last verification of the log (`roster verify`)' })
  readonly verification: Verification;
  @ApiProperty({ type: [ProviderDetails], description: 'in the order of `PROVIDERS`, without secrets' })
  readonly providers: ProviderDetails[];
  @ApiProperty({ type: [SettingDetails] }) readonly settings: SettingDetails[];
}
