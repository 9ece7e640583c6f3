import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, Matches } from 'class-validator';
import { LINES } from '../../http/request/text-patterns.js';
import { USERNAME } from './username.dto.js';
import { USER_ROLES, type UserRole } from '../../access/role.js';

export class ChangeRoleDto {
  @ApiProperty({ enum: USER_ROLES, enumName: 'UserRole' })
  @IsIn(USER_ROLES, { message: `must be one of ${USER_ROLES.join(', ')}` })
  readonly role: UserRole;
}

export class ChangeUsernameDto {
  @ApiProperty({ example: 'countess', ...USERNAME })
  @IsString({ message: 'must be a string' })
  readonly newUsername: string;
}

export class ChangeProfessionalStatusDto {
  @ApiProperty({ example: true })
  @IsBoolean({ message: 'must be true or false' })
  readonly isProfessional: boolean;
}

export class SuspendDto {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: 500,
    pattern: LINES,
    example: 'Reported for spam.',
    description: 'for staff only: not shown to the user in mails, history or export',
  })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @Matches(new RegExp(LINES, 'u'), { message: 'must not contain control characters' })
  readonly reason?: string | null;
}

export class IncludeDeletedQuery {
  @ApiPropertyOptional({
    enum: ['true', 'false'],
    enumName: 'IncludeDeleted',
    default: 'false',
    description: 'ADMIN only',
  })
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  readonly includeDeleted?: 'true' | 'false';
}
