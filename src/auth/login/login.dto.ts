import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength, MinLength, ValidateIf } from 'class-validator';

/** One of `identifier` and `email` is needed. */
export class LoginDto {
  @ApiPropertyOptional({
    example: 'ada@example.com',
    minLength: 1,
    maxLength: 254,
    description: 'email address or username',
  })
  @ValidateIf((input: LoginDto) => input.identifier !== undefined || input.email === undefined)
  @IsString({ message: 'must be an email address or a username' })
  @MinLength(1, { message: 'must be an email address or a username' })
  @MaxLength(254)
  readonly identifier?: string;

  @ApiPropertyOptional({ example: 'ada@example.com', maxLength: 254, description: 'another name for `identifier`' })
  @ValidateIf((input: LoginDto) => input.email !== undefined)
  @IsString({ message: 'must be an email address' })
  @MaxLength(254)
  readonly email?: string;

  @ApiProperty({ example: 'nine brown foxes at dawn', format: 'password' })
  @IsString({ message: 'must be a text' })
  readonly password: string;
  @ApiPropertyOptional({
    example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.t4k2fb.8f14e45fceea167a.ZXhhbXBsZS1kZXZpY2UtdG9rZW4tc2lnbmF0dXJl',
    maxLength: 200,
    description: 'of an earlier sign-in on this device; the cookie `roster-device` without it',
  })
  @IsOptional()
  @IsString({ message: 'must be a text' })
  @MaxLength(200)
  readonly deviceToken?: string;
}
