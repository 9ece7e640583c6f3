import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, ValidateIf } from 'class-validator';
import { USER_ROLES, type UserRole } from '../../access/role.js';
import { IsAddress } from '../../users/aggregate/is-address.js';
import { ProfileDto } from '../../users/api/profile.dto.js';
import { USERNAME } from '../../users/api/username.dto.js';

/** A new user: at least a name, an email address or a username. */
export class CreateUserDto extends ProfileDto {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'grace@example.com',
    maxLength: 254,
    format: 'email',
    description: 'receives an invitation if no password is given',
  })
  @IsOptional()
  @IsAddress()
  readonly email?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'grace', ...USERNAME })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  readonly username?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'nine brown foxes at dawn',
    maxLength: 128,
    format: 'password',
    description: 'requires an email address or a username',
  })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  readonly password?: string | null;

  @ApiPropertyOptional({
    enum: USER_ROLES,
    enumName: 'UserRole',
    default: 'AUTHENTICATED',
    description: 'only an ADMIN may assign a role other than AUTHENTICATED',
  })
  // Not IsOptional, which accepts null as well.
  @ValidateIf((_, role: unknown) => role !== undefined)
  @IsIn(USER_ROLES, { message: `must be one of ${USER_ROLES.join(', ')}` })
  readonly role?: UserRole;
}
