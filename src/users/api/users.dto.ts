import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsArray, IsBoolean, IsDate, IsIn, IsOptional, ValidateBy } from 'class-validator';
import { USER_KINDS, USER_ROLES, type UserKind, type UserRole } from '../../access/role.js';
import { listOf } from '../../events/read-events.dto.js';
import { LONGEST_DATE_TIME, parseInstant } from '../../http/request/date-time.js';
import { PageInfo, PageQuery } from '../../http/pagination/page.dto.js';
import { PageLinks } from '../../http/pagination/page-links.js';
import { isSearchTerm } from '../aggregate/search-text.js';
import { USER_STATUSES, UserResponse, type UserStatus } from './user.response.js';

export const USER_SORTS = ['createdAt', '-createdAt', 'email', '-email', 'lastLoginAt', '-lastLoginAt'] as const;
export type UserSort = (typeof USER_SORTS)[number];

/** Anything else is left unchanged and refused by the check that follows, such as the array of a repeated key. */
export const read =
  (parse: (text: string) => unknown) =>
  ({ value }: TransformFnParams): unknown =>
    typeof value === 'string' ? (parse(value) ?? value) : value;

const flag = read((text) => ({ true: true, false: false })[text]);
export const instant = read(parseInstant);

const FLAG = { message: 'must be true or false' };
export const INSTANT = {
  message: 'must be an RFC 3339 date-time such as 2026-11-21T09:14:00Z; write + as %2B',
};
/** The values of a list such as `ACTIVE,LOCKED`, each once. A list with unknown ones is left to the check that follows. */
const several =
  <Value extends string>(known: readonly Value[]) =>
  ({ value: text }: TransformFnParams): Value[] | string => {
    // Such as the array of a repeated key.
    if (typeof text !== 'string') return 'not a list';
    const named = [...new Set(text.split(','))];
    const values = known.filter((value) => named.includes(value));
    return values.length === named.length ? values : text;
  };

const severalOf = (values: readonly string[]) => ({
  type: String,
  pattern: listOf(values),
  maxLength: values.join(',').length,
});
const anyOf = (values: readonly string[]) => ({
  message: `must be one or more of ${values.join(', ')}, separated by commas`,
});
const oneOf = (values: readonly string[]) => ({ message: `must be one of ${values.join(', ')}` });

const IsSearchTerm = (): PropertyDecorator =>
  ValidateBy(
    { name: 'isSearchTerm', validator: { validate: isSearchTerm } },
    { message: 'must have 1 to 100 characters, not counting accents' },
  );

export class ListUsersQuery extends PageQuery {
  @ApiPropertyOptional({
    enum: USER_SORTS,
    enumName: 'UserSort',
    default: '-createdAt',
    description: 'users without the value come first; with a leading -, last',
  })
  @IsOptional()
  @IsIn(USER_SORTS, oneOf(USER_SORTS))
  readonly sort: UserSort = '-createdAt';

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 100,
    example: 'lovelace ada',
    description:
      'words in any order, each of which occurs in the email address, the username or a name; a word of one or two letters (a to z) or digits matches the beginning of a word only. Ignores case and accents.',
  })
  @IsOptional()
  @IsSearchTerm()
  readonly search?: string;

  @ApiPropertyOptional({
    ...severalOf(USER_ROLES),
    example: 'MANAGER,ADMIN',
    description: 'one or more roles, separated by commas',
  })
  @IsOptional()
  @Transform(several(USER_ROLES))
  @IsArray(anyOf(USER_ROLES))
  readonly role?: UserRole[];

  @ApiPropertyOptional({
    ...severalOf(USER_STATUSES),
    example: 'LOCKED,SUSPENDED',
    description:
      'one or more statuses, separated by commas. `PENDING` registrations are only listed with this filter; `DELETED` requires ADMIN',
  })
  @IsOptional()
  @Transform(several(USER_STATUSES))
  @IsArray(anyOf(USER_STATUSES))
  readonly status?: UserStatus[];

  @ApiPropertyOptional({
    enum: USER_KINDS,
    enumName: 'UserKind',
    description: '`SERVICE` lists the service accounts instead of people',
  })
  @IsOptional()
  @IsIn(USER_KINDS, oneOf(USER_KINDS))
  readonly kind?: UserKind;

  @ApiPropertyOptional({ type: Boolean })
  @IsOptional()
  @Transform(flag)
  @IsBoolean(FLAG)
  readonly isProfessional?: boolean;

  @ApiPropertyOptional({ type: Boolean, description: 'whether the email address is confirmed' })
  @IsOptional()
  @Transform(flag)
  @IsBoolean(FLAG)
  readonly emailVerified?: boolean;

  @ApiPropertyOptional({
    type: Boolean,
    description:
      'whether the user has an authenticator app or a passkey. Lists users whose factors you may see: as a MANAGER, yourself and users with the role AUTHENTICATED',
  })
  @IsOptional()
  @Transform(flag)
  @IsBoolean(FLAG)
  readonly hasSecondFactor?: boolean;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    maxLength: LONGEST_DATE_TIME,
    description: 'after this time',
  })
  @IsOptional()
  @Transform(instant)
  @IsDate(INSTANT)
  readonly createdAfter?: Date;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    maxLength: LONGEST_DATE_TIME,
    description: 'before this time',
  })
  @IsOptional()
  @Transform(instant)
  @IsDate(INSTANT)
  readonly createdBefore?: Date;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    maxLength: LONGEST_DATE_TIME,
    description: 'signed in last after this time',
  })
  @IsOptional()
  @Transform(instant)
  @IsDate(INSTANT)
  readonly lastLoginAfter?: Date;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    maxLength: LONGEST_DATE_TIME,
    description: 'signed in last before this time; not those who have never signed in',
  })
  @IsOptional()
  @Transform(instant)
  @IsDate(INSTANT)
  readonly lastLoginBefore?: Date;

  @ApiPropertyOptional({ type: Boolean, default: false, description: '`true` requires ADMIN' })
  @IsOptional()
  @Transform(flag)
  @IsBoolean(FLAG)
  readonly includeDeleted?: boolean;

  @ApiPropertyOptional({
    enum: ['exact'],
    enumName: 'Count',
    description: 'includes the total, which is slow for a long list',
  })
  @IsOptional()
  @IsIn(['exact'], oneOf(['exact']))
  readonly count?: 'exact';
}

export class UserPage {
  @ApiProperty({ type: [UserResponse] })
  readonly items: UserResponse[];

  @ApiProperty({ type: PageInfo })
  readonly page: PageInfo;

  @ApiProperty({ type: PageLinks })
  readonly _links: PageLinks;
}
