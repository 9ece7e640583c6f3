import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsLocale, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { IsAddress } from '../../users/is-address.js';

const NAME = { message: 'must not contain control characters' };
// Line breaks and other controls have no place in a name, and would reach mail headers.
const PRINTABLE = /^\P{Cc}*$/u;

export class RegisterDto {
  @ApiProperty({ example: 'ada@example.com', maxLength: 254, format: 'email' })
  @IsAddress()
  readonly email: string;

  @ApiProperty({ example: 'nine brown foxes at dawn', minLength: 12, maxLength: 128, format: 'password' })
  @IsString({ message: 'must be a text' })
  readonly password: string;

  @ApiPropertyOptional({ example: 'ada', minLength: 3, maxLength: 32 })
  @IsOptional()
  @IsString({ message: 'must be a text' })
  readonly username?: string;

  @ApiPropertyOptional({ example: 'Ada', maxLength: 100 })
  @IsOptional()
  @IsString({ message: 'must be a text' })
  @MaxLength(100)
  @Matches(PRINTABLE, NAME)
  readonly firstName?: string;

  @ApiPropertyOptional({ example: 'Lovelace', maxLength: 100 })
  @IsOptional()
  @IsString({ message: 'must be a text' })
  @MaxLength(100)
  @Matches(PRINTABLE, NAME)
  readonly lastName?: string;

  @ApiPropertyOptional({ example: 'ada', maxLength: 100 })
  @IsOptional()
  @IsString({ message: 'must be a text' })
  @MaxLength(100)
  @Matches(PRINTABLE, NAME)
  readonly nickname?: string;

  @ApiPropertyOptional({ example: 'en', maxLength: 35, description: 'BCP 47' })
  @IsOptional()
  @IsString({ message: 'must be a text' })
  @MaxLength(35)
  @IsLocale({ message: 'must be a language tag such as en or pt-BR' })
  readonly locale?: string;
}
