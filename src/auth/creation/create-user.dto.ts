import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { USER_ROLES, type UserRole } from '../../access/role.js';
import { IsAddress } from '../../users/is-address.js';
import { ProfileDto } from '../../users/profile.dto.js';

/** A new user: at least a name, an email address or a username. */
export class CreateUserDto extends ProfileDto {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'grace@example.com',
    maxLength: 254,
    format: 'email',
    description: 'without a password, an invitation is mailed to it',
  })
  @IsOptional()
  @IsAddress()
  readonly email?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'grace', minLength: 3, maxLength: 32 })
  @IsOptional()
  @IsString({ message: 'must be a text' })
  readonly username?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    minLength: 12,
    maxLength: 128,
    format: 'password',
    description: 'needs an email address or a username to sign in with',
  })
  @IsOptional()
  @IsString({ message: 'must be a text' })
  readonly password?: string | null;

  @ApiPropertyOptional({
    enum: USER_ROLES,
    enumName: 'UserRole',
    default: 'AUTHENTICATED',
    description: 'only an ADMIN may give another role than AUTHENTICATED',
  })
  @IsOptional()
  @IsIn(USER_ROLES, { message: `must be one of ${USER_ROLES.join(', ')}` })
  readonly role?: UserRole;
}
