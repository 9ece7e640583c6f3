import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { USER_ROLES, type UserRole } from '../access/role.js';
import { UserResponse } from './user.response.js';

export class ListUsersQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: 20 })
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'must be a whole number from 1 to 100' })
  @Min(1, { message: 'must be a whole number from 1 to 100' })
  @Max(100, { message: 'must be a whole number from 1 to 100' })
  readonly limit: number = 20;
}

export class ChangeRoleDto {
  @ApiProperty({ enum: USER_ROLES, enumName: 'UserRole' })
  @IsIn(USER_ROLES, { message: `must be one of ${USER_ROLES.join(', ')}` })
  readonly role: UserRole;
}

class PageInfo {
  @ApiProperty({ example: 20 })
  readonly limit: number;
}

export class UserPage {
  @ApiProperty({ type: [UserResponse] })
  readonly items: UserResponse[];

  @ApiProperty({ type: PageInfo })
  readonly page: PageInfo;
}
