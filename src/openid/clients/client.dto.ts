import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsString,
  Matches,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import { LINE } from '../../http/request/text-patterns.js';
import {
  CLIENT_SCOPES,
  type ClientScope,
  GRANT_TYPES,
  type GrantType,
  ID_TOKEN_ALGORITHMS,
  type IdTokenAlgorithm,
} from './client.js';
import { LONGEST_SECRET_OVERLAP, SECRET_OVERLAP } from './client-registry.js';
import { MAX_URI, MAX_URIS } from './redirect-uris.js';

const MAX_NAME = 100;
/** No more than the outline: what is wrong with a URI is said by its rules. */
const URI_OUTLINE = '^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$';
const URI_LIST_EXPECTED = { message: `must be a list of at most ${MAX_URIS} URIs` };

const IfGiven = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);
const trimmed = ({ value }: TransformFnParams): unknown => (typeof value === 'string' ? value.trim() : value);

const NAME = { maxLength: MAX_NAME, pattern: LINE, example: 'Grafana' } as const;
const IsName = (): PropertyDecorator =>
  applyDecorators(
    Transform(trimmed),
    Matches(new RegExp(LINE, 'u'), { message: 'must be one line of text without invisible characters' }),
  );

const uris = (example: string, description: string) => ({
  type: 'array' as const,
  items: { type: 'string', maxLength: MAX_URI, pattern: URI_OUTLINE },
  maxItems: MAX_URIS,
  uniqueItems: true,
  example: [example],
  description,
});
const AreUris = (): PropertyDecorator =>
  applyDecorators(
    IsArray(URI_LIST_EXPECTED),
    ArrayMaxSize(MAX_URIS, URI_LIST_EXPECTED),
    IsString({ each: true, message: 'must be a list of strings' }),
    ArrayUnique({ message: 'must name each URI once' }),
  );

const someOf = <T extends string>(values: readonly T[], enumName: string, example: readonly T[]) => ({
  enum: values,
  enumName,
  isArray: true,
  minItems: 1,
  maxItems: values.length,
  uniqueItems: true,
  example,
});
const AreSomeOf = (values: readonly string[]): PropertyDecorator =>
  applyDecorators(
    IsArray({ message: 'must be a list' }),
    ArrayMinSize(1, { message: 'must have at least one entry' }),
    ArrayMaxSize(values.length, { message: 'must name each once' }),
    ArrayUnique({ message: 'must name each once' }),
    IsIn(values, { each: true, message: `must be of: ${values.join(', ')}` }),
  );

const Flag = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: Boolean, example: false, description }),
    IfGiven(),
    IsBoolean({ message: 'must be true or false' }),
  );

const REDIRECTS = uris(
  'https://grafana.example.com/login/generic_oauth',
  'where people return after signing in; compared exactly. By https; by http on localhost, 127.0.0.1 and [::1] only; for a public client also by a scheme of its own that is a reversed domain name',
);

/** The settings that both a new client and a change of one may give. */
class OptionalSettings {
  @ApiPropertyOptional(
    uris('https://grafana.example.com/', 'where people may return after signing out; by the same rules'),
  )
  @IfGiven()
  @AreUris()
  readonly postLogoutRedirectUris?: string[];

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: MAX_URI,
    pattern: '^https?://[!-~]+$',
    example: 'https://grafana.example.com/backchannel-logout',
    description: 'is sent a logout token at every end of a session (OpenID Connect Back-Channel Logout 1.0)',
  })
  @ValidateIf((_, value) => value !== undefined && value !== null)
  @IsString({ message: 'must be a URL that starts with https://' })
  readonly backchannelLogoutUri?: string | null;

  @ApiPropertyOptional({
    ...someOf(GRANT_TYPES, 'GrantType', ['authorization_code', 'refresh_token']),
    description: 'authorization_code and refresh_token if absent',
  })
  @IfGiven()
  @AreSomeOf(GRANT_TYPES)
  readonly grantTypes?: GrantType[];

  @ApiPropertyOptional({
    ...someOf(CLIENT_SCOPES, 'ClientScope', ['openid', 'profile', 'email']),
    description: 'that it may ask for; all of them if absent',
  })
  @IfGiven()
  @AreSomeOf(CLIENT_SCOPES)
  readonly scopes?: ClientScope[];

  @ApiPropertyOptional(
    uris(
      'https://billing.example.com',
      'the services that it may get JWTs for, on behalf of its users, by the parameter `resource` (RFC 8707); compared exactly. None if absent. By https; by http on localhost, 127.0.0.1 and [::1] only',
    ),
  )
  @IfGiven()
  @AreUris()
  readonly resources?: string[];

  @Flag('an application of your own organisation: people are not asked for consent')
  readonly firstParty?: boolean;

  @ApiPropertyOptional({
    enum: ID_TOKEN_ALGORITHMS,
    enumName: 'IdTokenAlgorithm',
    description: 'RS256 if absent, which every client knows',
  })
  @IfGiven()
  @IsIn(ID_TOKEN_ALGORITHMS, { message: `must be one of ${ID_TOKEN_ALGORITHMS.join(', ')}` })
  readonly idTokenSignedResponseAlg?: IdTokenAlgorithm;

  @Flag('the claims of the scopes are in the id_token too, for clients that do not ask the userinfo endpoint')
  readonly claimsInIdToken?: boolean;
}

export class NewClientDto extends OptionalSettings {
  @ApiProperty({ ...NAME, description: 'shown to people who sign in' })
  @IsName()
  readonly name: string;

  @ApiPropertyOptional({ ...REDIRECTS, description: `${REDIRECTS.description}. Required for authorization_code` })
  @IfGiven()
  @AreUris()
  readonly redirectUris?: string[];

  @Flag('without a secret, as for an application in a browser or on a phone; cannot be changed later')
  readonly public?: boolean;
}

export class ChangeClientDto extends OptionalSettings {
  @ApiPropertyOptional({ ...NAME, description: 'shown to people who sign in' })
  @IfGiven()
  @IsName()
  readonly name?: string;

  @ApiPropertyOptional(REDIRECTS)
  @IfGiven()
  @AreUris()
  readonly redirectUris?: string[];
}

const OVERLAP = { message: `must be a whole number from 0 to ${LONGEST_SECRET_OVERLAP}` };

export class RotateSecretDto {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: LONGEST_SECRET_OVERLAP,
    example: SECRET_OVERLAP,
    description:
      'for how many seconds the present secret is still accepted; 86400, a day, if absent. 0 for a secret that others have got',
  })
  @IfGiven()
  @IsInt(OVERLAP)
  @Min(0, OVERLAP)
  @Max(LONGEST_SECRET_OVERLAP, OVERLAP)
  readonly previousValidFor?: number;
}
