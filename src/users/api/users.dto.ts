import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsBoolean, IsDate, IsIn, IsOptional, ValidateBy } from 'class-validator';
import { USER_ROLES, type UserRole } from '../../access/role.js';
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

  @ApiPropertyOptional({ enum: USER_ROLES, enumName: 'UserRole' })
  @IsOptional()
  @IsIn(USER_ROLES, oneOf(USER_ROLES))
  readonly role?: UserRole;

  @ApiPropertyOptional({
    enum: USER_STATUSES,
    enumName: 'UserStatus',
    description: '`PENDING` registrations are only listed with this filter; `DELETED` requires ADMIN',
  })
  @IsOptional()
  @IsIn(USER_STATUSES, oneOf(USER_STATUSES))
  readonly status?: UserStatus;

  @ApiPropertyOptional({ type: Boolean })
  @IsOptional()
  @Transform(flag)
  @IsBoolean(FLAG)
  readonly isProfessional?: boolean;

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
